/**
 * The taxi company's backend, as small as it can be: orders, shifts, the promises to call back, and what Maskline asks. A
 * real company has most of this already; what it has to add is `POST /calls/route`, and `/promises` for calls back.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Promises } from './promises.ts';

/** Who is driving whom. Numbers are E.164. */
export interface Order {
  readonly id: string;
  readonly driver: string;
  readonly passenger: string;
  readonly status: 'accepted' | 'finished';
  /** In which the two are spoken to, and recognised. Absent: English, and conversations are not recognised. */
  readonly language?: 'en' | 'ru';
}

/** Where scenarios are started, and with which key (scope `scenarios:start`). */
export interface MasklineApi {
  readonly url: string;
  readonly key: string;
}

export interface TaxiBackend {
  readonly url: string;
  readonly orders: Order[];
  /** Questions answered so far, for the demo's story. */
  readonly asked: { readonly order: string | undefined; readonly role: string | undefined }[];
  readonly promises: Promises;
  /** Set once Maskline runs; without it nobody is called back. */
  maskline: MasklineApi | undefined;
  close(): Promise<void>;
}

/** The order with which the example starts. The numbers are from the range that Ofcom keeps for drama. */
export const EXAMPLE_ORDER: Order = {
  id: '4711',
  driver: '+447700900101',
  passenger: '+447700900202',
  status: 'accepted',
};

export interface BackendOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** File of the company's database; default: in memory. */
  readonly database?: string;
}

/** Starts the backend. Rejects when the port is taken. */
export async function startTaxiBackend(options: BackendOptions): Promise<TaxiBackend> {
  const server = createServer((request, response) => {
    handle(request, response, backend).catch(() => reply(response, 500, { error: 'internal error' }));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const promises = new Promises(options.database ?? ':memory:');
  const backend: TaxiBackend = {
    url: `http://${options.host}:${port}`,
    orders: [EXAMPLE_ORDER],
    asked: [],
    promises,
    maskline: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          promises.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return backend;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  backend: TaxiBackend,
): Promise<void> {
  const { orders, promises } = backend;
  const page = `${request.method} ${request.url}`;
  if (page === 'GET /orders') return reply(response, 200, orders);
  if (page === 'GET /promises') return reply(response, 200, promises.all());
  const body = parse(await readBody(request));

  if (page === 'POST /calls/route') {
    const caller = textOf(body, 'caller');
    if (caller === undefined)
      return reply(response, 400, { error: 'send {"caller": "+…", "dialled": "+…"}' });
    const answer = otherParty(orders, promises, caller);
    backend.asked.push({ order: answer?.order, role: answer?.role });
    return answer === undefined
      ? reply(response, 404, { error: 'no active order' })
      : reply(response, 200, answer);
  }
  if (page === 'POST /promises') {
    const [order, service] = [textOf(body, 'order'), textOf(body, 'service')];
    if (service === undefined || !orders.some(({ id }) => id === order))
      return reply(response, 400, { error: 'send {"order": "…", "service": "+…"}' });
    return reply(response, 201, { id: promises.make(order!, service) });
  }
  const [, id] = /^POST \/promises\/(\d+)$/.exec(page) ?? [];
  if (id !== undefined) {
    promises.settle(Number(id), textOf(body, 'result') === 'kept' ? 'kept' : 'waiting');
    return reply(response, 200, {});
  }
  if (page === 'POST /shifts') {
    const driver = textOf(body, 'driver');
    if (driver === undefined || typeof body.on !== 'boolean')
      return reply(response, 400, { error: 'send {"driver": "+…", "on": true or false}' });
    promises.setShift(driver, body.on);
    return reply(response, 200, { started: body.on ? await keepPromises(backend, driver) : 0 });
  }
  reply(response, 404, { error: 'no such page' });
}

interface Answer {
  readonly order: string;
  readonly role: 'driver' | 'passenger';
  readonly connect: string;
  readonly language: Order['language'];
  /** Whether the driver is at work. */
  readonly onShift: boolean;
}

/** The newest accepted order decides: a driver reaches the passenger, a passenger the driver. */
function otherParty(orders: readonly Order[], promises: Promises, caller: string): Answer | undefined {
  for (const { id: order, status, driver, passenger, language } of orders.toReversed()) {
    if (status !== 'accepted') continue;
    const onShift = promises.isOnShift(driver);
    if (driver === caller) return { order, role: 'driver', connect: passenger, language, onShift };
    if (passenger === caller) return { order, role: 'passenger', connect: driver, language, onShift };
  }
  return undefined;
}

/** The driver is back: a scenario for each promise. The promise's number names the request, so that no phone rings twice. */
async function keepPromises(
  { maskline, orders, promises, url }: TaxiBackend,
  driver: string,
): Promise<number> {
  if (maskline === undefined) return 0;
  const mine = new Set(orders.filter((order) => order.driver === driver).map(({ id }) => id));
  let started = 0;
  for (const { id, order: orderId, service, attempt } of promises.waiting(mine)) {
    const { passenger, language = 'en' } = orders.find((order) => order.id === orderId)!;
    const customData = { promise: id, driver, passenger, service, language, backend: url };
    const { status } = await fetch(`${maskline.url}/v1/scenarios/call-back/start`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${maskline.key}`,
        'content-type': 'application/json',
        'idempotency-key': `promise-${id}-${attempt}`,
      },
      body: JSON.stringify({ customData }),
    });
    if (status !== 202) continue;
    promises.settle(id, 'calling');
    started += 1;
  }
  return started;
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
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
