/** Requests to queues of operators that wait for their answer, of both kinds. */
import { send, world } from './host-link.ts';

const waiting = new Map<string, () => void>();

/** `onOffline` is called once, in a later turn, unless the request is withdrawn before. */
export function enqueue(requestId: string, queue: string, onOffline: () => void): void {
  const most = world.limits.queueRequests;
  if (waiting.size >= most)
    throw new Error(`Exceeded the limit of queue requests: a session has at most ${most} at once`);
  waiting.set(requestId, onOffline);
  send({ type: 'acd-enqueue', requestId, queue: queue.slice(0, 256) });
}

/** False when it has been answered already. */
export function withdraw(requestId: string): boolean {
  if (!waiting.delete(requestId)) return false;
  send({ type: 'acd-cancel', requestId });
  return true;
}

export function deliverOffline(requestId: string): void {
  const told = waiting.get(requestId);
  waiting.delete(requestId);
  told?.();
}
