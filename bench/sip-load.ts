/**
 * The load of bench/setup.ts and bench/memory.ts, a process of its own: driver, passenger and the taxi company's
 * backend. A driver's INVITE goes to the server; the server asks the backend and calls the passenger; the passenger rings
 * and answers at once; after a hold time the driver hangs up. RTP is offered and answered, but nobody speaks.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOAD_HOST, Load, type LoadOrder, SLOTS } from './sip-load-calls.ts';

export interface LoadPorts {
  readonly driver: number;
  readonly passenger: number;
  readonly backendUrl: string;
}

export type LoadQuestion =
  | { readonly kind: 'open' }
  | { readonly kind: 'aim'; readonly server: number }
  | ({ readonly kind: 'run' } & LoadOrder)
  | { readonly kind: 'talk'; readonly ms: number }
  /** Sound without calls, to itself. */
  | { readonly kind: 'loopback'; readonly calls: number; readonly ms: number }
  /** New calls while those that are held talk. */
  | ({ readonly kind: 'both'; readonly ms: number } & LoadOrder)
  | { readonly kind: 'hangup' }
  | { readonly kind: 'close' };

/** `POST /calls/route`: the passenger of a driver has the number 500 above. */
async function startBackend(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      const caller = /"caller":"\+447700900(\d{3})"/.exec(body)?.[1];
      const connect = `+447700900${Number(caller) + SLOTS}`;
      const text = JSON.stringify(
        caller === undefined ? { error: 'no order' } : { order: caller, role: 'driver', connect },
      );
      response.writeHead(caller === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LOAD_HOST, resolve));
  return {
    url: `http://${LOAD_HOST}:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bound(): Promise<Socket> {
  const lookup = (
    address: string,
    _options: unknown,
    callback: (error: null, address: string, family: number) => void,
  ) => callback(null, address, 4);
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, lookup });
  await new Promise<void>((resolve) => socket.bind(0, LOAD_HOST, resolve));
  return socket;
}

async function serveParent(): Promise<void> {
  const [driver, passenger, rtp] = [await bound(), await bound(), await bound()];
  const backend = await startBackend();
  const load = new Load(driver, passenger, rtp);
  process.on('message', async (question: LoadQuestion) => {
    if (question.kind === 'open') {
      const [d, p] = [driver.address().port, passenger.address().port];
      process.send!({ driver: d, passenger: p, backendUrl: backend.url } satisfies LoadPorts);
    } else if (question.kind === 'aim') {
      load.aim(question.server);
      process.send!('aimed');
    } else if (question.kind === 'run') process.send!(await load.run(question));
    else if (question.kind === 'talk') process.send!(await load.talk(question.ms));
    else if (question.kind === 'loopback') process.send!(await load.loopback(question.calls, question.ms));
    else if (question.kind === 'both') {
      const [calls, talk] = await Promise.all([load.run(question), load.talk(question.ms)]);
      process.send!({ calls, talk });
    } else if (question.kind === 'hangup') process.send!(await load.hangup());
    else {
      load.close();
      backend.close();
      process.send!('closed', () => process.disconnect());
    }
  });
}

// Whoever started us may have been killed: nothing stays behind.
process.on('disconnect', () => process.exit());
if (process.send !== undefined) await serveParent();
