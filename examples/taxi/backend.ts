/**
 * The taxi company's backend, as small as it can be: orders in memory and one question that Maskline asks when somebody
 * dials the service number. A real company has this already; what it has to add is `POST /calls/route`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who is driving whom. Numbers are E.164. */
export interface Order {
  readonly id: string;
  readonly driver: string;
  readonly passenger: string;
  readonly status: 'accepted' | 'finished';
}

export interface TaxiBackend {
  readonly url: string;
  readonly orders: Order[];
  /** Questions answered so far, for the demo's story. */
  readonly asked: { readonly order: string | undefined; readonly role: string | undefined }[];
  close(): Promise<void>;
}

/** The order with which the example starts. The numbers are from the range that Ofcom keeps for drama. */
export const EXAMPLE_ORDER: Order = {
  id: '4711',
  driver: '+447700900101',
  passenger: '+447700900202',
  status: 'accepted',
};

/** Starts the backend. Port 0 takes a free one. Rejects when the port is taken. */
export async function startTaxiBackend(options: { host: string; port: number }): Promise<TaxiBackend> {
  const orders: Order[] = [EXAMPLE_ORDER];
  const asked: TaxiBackend['asked'] = [];
  const server = createServer((request, response) => {
    handle(request, response, orders, asked).catch(() => reply(response, 500, { error: 'internal error' }));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    orders,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  orders: readonly Order[],
  asked: TaxiBackend['asked'],
): Promise<void> {
  if (request.method === 'GET' && request.url === '/orders') return reply(response, 200, orders);
  if (request.method !== 'POST' || request.url !== '/calls/route')
    return reply(response, 404, { error: 'no such page' });

  const question = parseQuestion(await readBody(request));
  if (question === undefined)
    return reply(response, 400, { error: 'send {"caller": "+…", "dialled": "+…"}' });
  const answer = otherParty(orders, question.caller);
  asked.push({ order: answer?.order, role: answer?.role });
  return answer === undefined
    ? reply(response, 404, { error: 'no active order' })
    : reply(response, 200, answer);
}

/** The newest accepted order decides: a driver reaches the passenger, a passenger the driver. */
function otherParty(
  orders: readonly Order[],
  caller: string,
): { order: string; role: 'driver' | 'passenger'; connect: string } | undefined {
  for (const order of orders.toReversed()) {
    if (order.status !== 'accepted') continue;
    if (order.driver === caller) return { order: order.id, role: 'driver', connect: order.passenger };
    if (order.passenger === caller) return { order: order.id, role: 'passenger', connect: order.driver };
  }
  return undefined;
}

function parseQuestion(body: string): { caller: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const caller = (value as { caller?: unknown } | null)?.caller;
    return typeof caller === 'string' ? { caller } : undefined;
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 65_536) throw new Error('body too large');
  }
  return body;
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function listen(server: Server, options: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
