/**
 * The taxi company's backend, the pull way: Maskline asks it at call time whom a caller shall reach. Nothing is told ahead, and
 * nothing has to be ended: the orders are the company's own.
 */
import { Maskline, SignatureError, verifySigned } from 'maskline/client';
import { environment, type Reply, type Request, type Running, serve, text } from '../../http-server.ts';

interface Order {
  readonly driver: string;
  readonly passenger: string;
}

/** What Maskline asks; docs/guide/masking.md tells more. */
interface Question {
  readonly caller: { readonly number: string };
  readonly dialled: string;
}

export async function startTaxiPull(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<Running> {
  const orders = new Map<string, Order>();
  // With what Maskline signs its questions: nobody else is answered.
  let secret: readonly string[] = [];

  const question = async ({ raw, headers }: Request): Promise<Reply> => {
    const { body } = await verifySigned<Question>({ body: raw, headers }, { secret });
    for (const { driver, passenger } of orders.values()) {
      const { number } = body.caller;
      if (number === driver) return [200, { action: 'connect', to: passenger, record: true }];
      if (number === passenger) return [200, { action: 'connect', to: driver, record: true }];
    }
    return [200, { action: 'unknown' }];
  };

  const running = await serve(options, {
    'POST /masking': (request) =>
      question(request).catch((error: unknown) => {
        if (error instanceof SignatureError) return [400, { error: error.message }];
        throw error;
      }),
    'POST /orders': ({ body }) => {
      const [id, driver, passenger] = [text(body, 'id'), text(body, 'driver'), text(body, 'passenger')];
      orders.set(id, { driver, passenger });
      return [201, {}];
    },
    'POST /orders/:id/finish': ({ id }) => (orders.delete(id) ? [204] : [404, { error: 'no such order' }]),
  });

  await options.maskline.policy.set({
    // The company knows its people's numbers; who does not shall leave `numbers` out and gets tokens only.
    pull: {
      url: `${running.url}/masking`,
      numbers: true,
      freshSeconds: 0,
      staleSeconds: 0,
      downSeconds: 4 * 3600,
    },
    unknown: {
      kind: 'announce',
      announcement: { kind: 'say', text: 'You have no order at the moment.', language: 'en-GB' },
    },
  });
  secret = await options.maskline.policy.secrets();
  return running;
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startTaxiPull({ host: '127.0.0.1', port: 8090, maskline });
  console.log(`The taxi company's backend is ${url}.`);
}
