/**
 * The taxi company's backend, the pull way: Maskline asks it at call time whom a caller shall reach. Nothing is told ahead, and
 * nothing has to be ended: the orders are the company's own.
 */
import { Maskline } from 'maskline/client';
import { environment, type Running, text } from '../../http-server.ts';
import { type PullOptions, servePull } from '../../pull-server.ts';

interface Order {
  readonly driver: string;
  readonly passenger: string;
}

/** What Maskline asks; docs/guide/masking.md tells more. */
interface Question {
  readonly caller: { readonly number: string };
  readonly dialled: string;
}

export async function startTaxiPull(options: PullOptions): Promise<Running> {
  const orders = new Map<string, Order>();
  return await servePull<Question>(options, {
    answer: ({ caller: { number } }) => {
      for (const { driver, passenger } of orders.values()) {
        if (number === driver) return { action: 'connect', to: passenger, record: true };
        if (number === passenger) return { action: 'connect', to: driver, record: true };
      }
      return { action: 'unknown' };
    },
    // The company knows its people's numbers; who does not shall leave `numbers` out and gets tokens only.
    pull: { numbers: true, downSeconds: 4 * 3600 },
    unknown: 'You have no order at the moment.',
    routes: {
      'POST /orders': ({ body }) => {
        const [id, driver, passenger] = [text(body, 'id'), text(body, 'driver'), text(body, 'passenger')];
        orders.set(id, { driver, passenger });
        return [201, {}];
      },
      'POST /orders/:id/finish': ({ id }) => (orders.delete(id) ? [204] : [404, { error: 'no such order' }]),
    },
  });
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startTaxiPull({ host: '127.0.0.1', port: 8090, maskline });
  console.log(`The taxi company's backend is ${url}.`);
}
