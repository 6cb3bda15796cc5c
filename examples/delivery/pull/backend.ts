/**
 * The shop's backend, the pull way. One number stands on every parcel. A courier who dials it reaches the customer of the parcel
 * that is next; anybody else is asked for the parcel's number and reaches its courier.
 */
import { Maskline } from 'maskline/client';
import { environment, type Running, text } from '../../http-server.ts';
import { type PullOptions, servePull } from '../../pull-server.ts';

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

export async function startDeliveryPull(options: PullOptions): Promise<Running> {
  const parcels = new Map<string, Parcel>();
  return await servePull<Question>(options, {
    answer: ({ caller, extension }) => {
      if (extension !== null) {
        const parcel = parcels.get(extension);
        if (parcel === undefined) return { action: 'unknown' };
        const announcement = { kind: 'say', text: `A call about parcel ${extension}.`, language: 'en-GB' };
        return { action: 'connect', to: parcel.courier, announcement };
      }
      const next = [...parcels.values()].find(({ courier }) => courier === caller.number);
      return next === undefined ? { action: 'ask-extension' } : { action: 'connect', to: next.customer };
    },
    pull: { numbers: true, downSeconds: 3600 },
    unknown: 'There is no such parcel.',
    routes: {
      'POST /parcels': ({ body }) => {
        parcels.set(text(body, 'id'), { customer: text(body, 'customer'), courier: text(body, 'courier') });
        return [201, {}];
      },
      'POST /parcels/:id/delivered': ({ id }) =>
        parcels.delete(id) ? [204] : [404, { error: 'no such parcel' }],
    },
  });
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startDeliveryPull({ host: '127.0.0.1', port: 8091, maskline });
  console.log(`The shop's backend is ${url}.`);
}
