/**
 * The shop's backend, the pull way. One number stands on every parcel. A courier who dials it reaches the customer of the parcel
 * that is next; anybody else is asked for the parcel's number and reaches its courier.
 */
import { Maskline, SignatureError, verifySigned } from 'maskline/client';
import { environment, type Reply, type Request, type Running, serve, text } from '../../http-server.ts';

interface Parcel {
  readonly customer: string;
  readonly courier: string;
}

/** What Maskline asks; docs/guide/masking.md tells more. */
interface Question {
  readonly caller: { readonly number: string };
  readonly dialled: string;
  /** What the caller has typed. */
  readonly extension: string | null;
}

export async function startDeliveryPull(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<Running> {
  const parcels = new Map<string, Parcel>();
  let secret: readonly string[] = [];

  const question = async ({ raw, headers }: Request): Promise<Reply> => {
    const { body } = await verifySigned<Question>({ body: raw, headers }, { secret });
    if (body.extension !== null) {
      const parcel = parcels.get(body.extension);
      if (parcel === undefined) return [200, { action: 'unknown' }];
      const announcement = { kind: 'say', text: `A call about parcel ${body.extension}.`, language: 'en-GB' };
      return [200, { action: 'connect', to: parcel.courier, announcement }];
    }
    const next = [...parcels.values()].find(({ courier }) => courier === body.caller.number);
    return [200, next === undefined ? { action: 'ask-extension' } : { action: 'connect', to: next.customer }];
  };

  const running = await serve(options, {
    'POST /masking': (request) =>
      question(request).catch((error: unknown) => {
        if (error instanceof SignatureError) return [400, { error: error.message }];
        throw error;
      }),
    'POST /parcels': ({ body }) => {
      parcels.set(text(body, 'id'), { customer: text(body, 'customer'), courier: text(body, 'courier') });
      return [201, {}];
    },
    'POST /parcels/:id/delivered': ({ id }) =>
      parcels.delete(id) ? [204] : [404, { error: 'no such parcel' }],
  });

  await options.maskline.policy.set({
    pull: {
      url: `${running.url}/masking`,
      numbers: true,
      freshSeconds: 0,
      staleSeconds: 0,
      downSeconds: 3600,
    },
    unknown: {
      kind: 'announce',
      announcement: { kind: 'say', text: 'There is no such parcel.', language: 'en-GB' },
    },
  });
  secret = await options.maskline.policy.secrets();
  return running;
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startDeliveryPull({ host: '127.0.0.1', port: 8091, maskline });
  console.log(`The shop's backend is ${url}.`);
}
