/**
 * The classified ads' backend, the pull way. One number stands beside all ads; the caller types the number of the ad, and
 * Maskline asks whose ad that is. Callers' numbers are not told: a token says which caller it is, and is enough to turn one away.
 */
import { Maskline } from 'maskline/client';
import { environment, type Running, text } from '../../http-server.ts';
import { type PullOptions, servePull } from '../../pull-server.ts';

interface Ad {
  readonly seller: string;
  readonly title: string;
  /** Tokens of callers whom the seller does not want. */
  readonly turnedAway: Set<string>;
  lastCaller: string | undefined;
}

/** What Maskline asks; docs/guide/masking.md tells more. */
interface Question {
  readonly caller: { readonly token: string };
  /** What the caller has typed. */
  readonly extension: string | null;
}

export async function startClassifiedsPull(options: PullOptions): Promise<Running> {
  const ads = new Map<string, Ad>();
  return await servePull<Question>(options, {
    answer: ({ caller: { token }, extension }) => {
      if (extension === null) return { action: 'ask-extension' };
      const ad = ads.get(extension);
      if (ad === undefined) return { action: 'unknown' };
      if (ad.turnedAway.has(token)) return { action: 'reject' };
      ad.lastCaller = token;
      const announcement = { kind: 'say', text: `A call about your ad: ${ad.title}.`, language: 'en-GB' };
      return { action: 'connect', to: ad.seller, announcement };
    },
    // Whom the seller has turned away is decided anew for each call, so no answer is used again.
    pull: { downSeconds: 0 },
    unknown: 'There is no such ad.',
    routes: {
      'POST /ads': ({ body }) => {
        const [id, seller, title] = [text(body, 'id'), text(body, 'seller'), text(body, 'title')];
        ads.set(id, { seller, title, turnedAway: new Set(), lastCaller: undefined });
        return [201, {}];
      },
      // "Do not let the last caller through again."
      'POST /ads/:id/block': ({ id }) => {
        const ad = ads.get(id);
        if (ad?.lastCaller === undefined) return [404, { error: 'nobody has called about that ad' }];
        ad.turnedAway.add(ad.lastCaller);
        return [204];
      },
      'POST /ads/:id/sold': ({ id }) => (ads.delete(id) ? [204] : [404, { error: 'no such ad' }]),
    },
  });
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startClassifiedsPull({ host: '127.0.0.1', port: 8092, maskline });
  console.log(`The backend of the ads is ${url}.`);
}
