/**
 * The taxi company's backend, the push way: when an order is accepted it tells Maskline who may talk, and shows both sides the
 * number that they dial; when the order is finished it ends that. Nobody is asked at call time.
 */
import { type MaskingSession, Maskline, MasklineProblem } from 'maskline/client';
import { environment, type Running, serve, text } from '../../http-server.ts';

/** An order takes an hour; a session that nobody ends is over by then. */
const SIX_HOURS = 6 * 3600;

export interface TaxiPush extends Running {
  /** Order → what Maskline knows of it. A real company keeps the session's id with its order. */
  readonly sessions: ReadonlyMap<string, MaskingSession>;
}

export async function startTaxiPush(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<TaxiPush> {
  const { maskline } = options;
  const sessions = new Map<string, MaskingSession>();
  const running = await serve(options, {
    // A driver has accepted an order.
    'POST /orders': async ({ body }) => {
      const [id, driver, passenger] = [text(body, 'id'), text(body, 'driver'), text(body, 'passenger')];
      const session = await maskline.sessions
        .create(
          {
            mode: 'axb',
            externalId: id,
            parties: [
              { number: driver, role: 'driver', label: 'your driver' },
              { number: passenger, role: 'passenger', label: `order ${id}` },
            ],
            ttlSeconds: SIX_HOURS,
            maxCallSeconds: 1800,
          },
          // Asked twice, by an app that lost the answer, it is the same session.
          { idempotencyKey: `order-${id}` },
        )
        .catch((error: unknown) => {
          if (error instanceof MasklineProblem && error.code === 'masking/no-number') return undefined;
          throw error;
        });
      // The order goes on without: the app hides its button, and somebody reads `error.hint`.
      if (session === undefined) return [201, { dial: null }];
      sessions.set(id, session);
      // Goes into both apps: "Call" dials it.
      return [201, { dial: session.parties[0]?.serviceNumber }];
    },

    'POST /orders/:id/finish': async ({ id }) => {
      const session = sessions.get(id);
      if (session === undefined) return [404, { error: 'no such order' }];
      sessions.set(id, await maskline.sessions.close(session.id));
      return [204];
    },

    // The dispatcher's page: have the two talked?
    'GET /orders/:id': async ({ id }) => {
      const session = sessions.get(id);
      if (session === undefined) return [404, { error: 'no such order' }];
      const { status, calls } = await maskline.sessions.get(session.id);
      return [200, { status, calls }];
    },
  });
  return { ...running, sessions };
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startTaxiPush({ host: '127.0.0.1', port: 8090, maskline });
  console.log(`The taxi company's backend is ${url}.`);
}
