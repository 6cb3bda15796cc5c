/**
 * A customer's server for `events.ts`, in a process of its own, so that it takes no time of the node's thread. It answers 204 at
 * once, and tells what came in when it is asked to (`report`): ids, subjects, positions, and when, ms since the epoch.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventView } from '../src/events/types.ts';

export interface Arrival {
  readonly id: string;
  readonly subject: string;
  readonly position: number;
  readonly at: number;
}

export type SinkMessage =
  | { readonly kind: 'open'; readonly url: string }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'arrivals'; readonly arrivals: readonly Arrival[] };

const arrivals: Arrival[] = [];
const tell = (message: SinkMessage): void => void process.send?.(message);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const at = performance.timeOrigin + performance.now();
    response.writeHead(204).end();
    const { id, subject, position } = JSON.parse(Buffer.concat(chunks).toString()) as EventView;
    arrivals.push({ id, subject, position, at });
  });
});
server.listen(0, '127.0.0.1', () =>
  tell({ kind: 'open', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }),
);
process.on('message', (wish) => {
  if (wish === 'count') tell({ kind: 'count', count: arrivals.length });
  else tell({ kind: 'arrivals', arrivals: arrivals.splice(0) });
});
process.on('disconnect', () => process.exit());
