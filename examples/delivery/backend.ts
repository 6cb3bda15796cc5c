/** The shop's side of the delivery example: it serves the prompt and takes the confirmation. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DeliveryBackend {
  readonly url: string;
  /** Parcels whose delivery was confirmed, in order. */
  readonly confirmed: string[];
  close(): Promise<void>;
}

/** Starts the backend. Port 0 takes a free one. Rejects when the port is taken. */
export async function startDeliveryBackend(options: {
  host: string;
  port: number;
}): Promise<DeliveryBackend> {
  const prompt = readFileSync(new URL('./confirm.wav', import.meta.url));
  const confirmed: string[] = [];
  const server = createServer((request, response) => {
    const parcel = /^\/parcels\/([\w-]{1,64})\/confirm$/.exec(request.url ?? '')?.[1];
    if (request.method === 'GET' && request.url === '/prompts/confirm.wav') {
      response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': prompt.length }).end(prompt);
    } else if (request.method === 'POST' && parcel !== undefined) {
      confirmed.push(parcel);
      response.writeHead(204).end();
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    confirmed,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
