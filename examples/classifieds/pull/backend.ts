/**
 * The classified ads' backend, the pull way. One number stands beside all ads; the caller types the number of the ad, and
 * Maskline asks whose ad that is. Callers' numbers are not told: a token says which caller it is, and is enough to turn one away.
 */
import { Maskline, SignatureError, verifySigned } from 'maskline/client';
import { environment, type Reply, type Request, type Running, serve, text } from '../../http-server.ts';

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

export async function startClassifiedsPull(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<Running> {
  const ads = new Map<string, Ad>();
  let secret: readonly string[] = [];

  const question = async ({ raw, headers }: Request): Promise<Reply> => {
    const { body } = await verifySigned<Question>({ body: raw, headers }, { secret });
    const { token } = body.caller;
    if (body.extension === null) return [200, { action: 'ask-extension' }];
    const ad = ads.get(body.extension);
    if (ad === undefined) return [200, { action: 'unknown' }];
    if (ad.turnedAway.has(token)) return [200, { action: 'reject' }];
    ad.lastCaller = token;
    const announcement = { kind: 'say', text: `A call about your ad: ${ad.title}.`, language: 'en-GB' };
    return [200, { action: 'connect', to: ad.seller, announcement }];
  };

  const running = await serve(options, {
    'POST /masking': (request) =>
      question(request).catch((error: unknown) => {
        if (error instanceof SignatureError) return [400, { error: error.message }];
        throw error;
      }),
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
  });

  await options.maskline.policy.set({
    // Whom the seller has turned away is decided anew for each call, so no answer is used again.
    pull: { url: `${running.url}/masking`, freshSeconds: 0, staleSeconds: 0, downSeconds: 0 },
    unknown: {
      kind: 'announce',
      announcement: { kind: 'say', text: 'There is no such ad.', language: 'en-GB' },
    },
  });
  secret = await options.maskline.policy.secrets();
  return running;
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startClassifiedsPull({ host: '127.0.0.1', port: 8092, maskline });
  console.log(`The backend of the ads is ${url}.`);
}
