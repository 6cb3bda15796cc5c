import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import type { HttpServerOptions } from './options.ts';
import { takeSessionSockets } from './session-sockets.ts';

export type { HttpServerOptions, HttpSettings, Readiness, TrunkStatus } from './options.ts';

export interface HttpServer {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new requests, gives running ones a few seconds, then closes every connection. Idempotent. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 512;
/** What a running request, a download for one, gets when the node stops. */
const CLOSE_MS = 3_000;

/** Starts the API; it listens when this resolves. Rejects when the port is taken. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { clock, settings } = options;
  const app = await createApp(options);
  app.server.maxConnections = settings.maxConnections ?? MAX_CONNECTIONS;
  try {
    await app.listen({ host: settings.host, port: settings.port, exclusive: true });
  } catch (error) {
    await app.close();
    throw error;
  }
  const { doors } = options;
  const sockets = doors === undefined ? undefined : takeSessionSockets(app.server, doors);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const timer = clock.setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
    sockets?.close(clock);
    await app.close();
    clock.clearTimeout(timer);
  };
  return {
    url: urlOf(app.server.address() as AddressInfo),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
