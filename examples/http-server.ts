/** A few lines of HTTP for the examples' backends. Use your own framework; what matters is in the routes. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Request {
  readonly headers: IncomingHttpHeaders;
  /** Exactly as it came: signatures are over this. */
  readonly raw: string;
  /** The same as an object; empty when it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What stood in place of `:id`. */
  readonly id: string;
}

/** A status, and an answer in JSON. */
export type Reply = readonly [status: number, body?: unknown];
/** `POST /orders/:id/finish` → what is done. */
export type Routes = Readonly<Record<string, (request: Request) => Reply | Promise<Reply>>>;

export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** A request that says too little. */
export class BadRequest extends Error {}

/** @param options.port 0 takes a free one. Rejects when the port is taken. */
export async function serve(
  options: { readonly host: string; readonly port: number },
  routes: Routes,
): Promise<Running> {
  const server = createServer((request, response) => {
    answer(request, routes)
      .catch((error: unknown): Reply => {
        if (error instanceof BadRequest) return [400, { error: error.message }];
        console.error(error);
        return [500, { error: error instanceof Error ? error.message : 'internal error' }];
      })
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, routes: Routes): Promise<Reply> {
  const [, first = '', id = '', rest = ''] =
    /^(\/[^/]*)(?:\/([\w-]{1,64}))?(\/.*)?$/.exec(request.url ?? '') ?? [];
  const page = `${request.method} ${first}${id === '' ? '' : '/:id'}${rest}`;
  const route = routes[page];
  if (route === undefined) return [404, { error: 'no such page' }];
  const raw = await readBody(request);
  return await route({ headers: request.headers, raw, body: parse(raw), id });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += (piece as Buffer).length;
    if (bytes > 65_536) throw new BadRequest('the body is too large');
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString();
}

function parse(raw: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A field that must be there. @throws BadRequest */
export function text(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new BadRequest(`"${name}" is missing`);
  return value;
}

/** A variable of the environment, for who starts a backend by itself. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Set ${name}.`);
  return value;
}
