/**
 * The shop's backend, the push way. A parcel's customer dials one number and reaches the courier; when the courier does not
 * answer, the depot. Courier and depot dial the same number and reach the customer. Maskline tells the shop by webhook how the
 * calls went.
 */
import { type MaskingSession, Maskline, SignatureError, verifySigned } from 'maskline/client';
import { environment, type Reply, type Request, type Running, serve, text } from '../../http-server.ts';

const HOURS = 3600;

/** As docs/guide/events.md has it. */
interface CallEvent {
  readonly type: string;
  readonly subject: string;
}

export interface DeliveryPush extends Running {
  /** What happened, in order: parcel and event. */
  readonly heard: readonly string[];
}

export async function startDeliveryPush(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<DeliveryPush> {
  const { maskline } = options;
  const parcels = new Map<string, MaskingSession>();
  const heard: string[] = [];
  const seen = new Set<string>();
  let secret = '';

  const webhook = async ({ raw, headers }: Request): Promise<Reply> => {
    const { id, body } = await verifySigned<CallEvent>({ body: raw, headers }, { secret });
    // An event comes at least once, each time under the same id.
    if (seen.has(id)) return [204];
    seen.add(id);
    const parcel = [...parcels].find(([, session]) => session.id === body.subject)?.[0];
    if (parcel !== undefined) heard.push(`${parcel} ${body.type}`);
    return [204];
  };

  const running = await serve(options, {
    'POST /webhooks': (request) =>
      webhook(request).catch((error: unknown) => {
        if (error instanceof SignatureError) return [400, { error: error.message }];
        throw error;
      }),

    // A parcel is on its way.
    'POST /parcels': async ({ body }) => {
      const [id, customer] = [text(body, 'id'), text(body, 'customer')];
      const [courier, depot] = [text(body, 'courier'), text(body, 'depot')];
      const session = await maskline.sessions.create(
        {
          mode: 'axg',
          externalId: id,
          parties: [
            { number: customer, role: 'customer', label: `parcel ${id}` },
            { number: courier, role: 'courier', label: 'the courier' },
            { number: depot, role: 'depot', label: 'the depot' },
          ],
          ttlSeconds: 12 * HOURS,
          // Couriers are on the road: who does not answer within 20 s will not.
          ringSeconds: 20,
        },
        { idempotencyKey: `parcel-${id}` },
      );
      parcels.set(id, session);
      return [201, { dial: session.parties[0]?.serviceNumber }];
    },

    // Questions come up after a delivery, too: one more hour.
    'POST /parcels/:id/delivered': async ({ id }) => {
      const session = parcels.get(id);
      if (session === undefined) return [404, { error: 'no such parcel' }];
      await maskline.sessions.change(session.id, { extendSeconds: HOURS });
      return [204];
    },
  });
  const made = await maskline.webhooks.create({
    url: `${running.url}/webhooks`,
    types: ['call.answered', 'call.ended'],
  });
  // Shown once. A real shop keeps it with its other secrets, and makes the webhook once.
  secret = made.secret;
  return { ...running, heard };
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startDeliveryPush({ host: '127.0.0.1', port: 8091, maskline });
  console.log(`The shop's backend is ${url}.`);
}
