/**
 * Registrations that live and die with a connection (RFC 5626 §5.3, RFC 7118 §5): a browser or a phone that came over TLS
 * cannot be connected to, so that its binding is worth nothing once the connection is gone, and dangerous when
 * somebody else's comes from the same address and port.
 */
import type { Flow, TransportName } from '../transport/types.ts';
import type { Binding } from './types.ts';

type Key = Pick<Binding, 'userId' | 'contact'>;

const BOUND: ReadonlySet<TransportName> = new Set(['tls', 'ws', 'wss']);

const textOf = ({ userId, contact }: Key): string => `${userId} ${contact}`;

export class BoundFlows {
  readonly #flows = new Map<string, Flow>();
  readonly #bindings = new Map<Flow, Map<string, Key>>();

  /** The binding was made or refreshed by this flow, and by no other from now on. */
  bind(key: Key, flow: Flow): void {
    this.forget(key);
    if (!BOUND.has(flow.transport)) return;
    this.#flows.set(textOf(key), flow);
    const held = this.#bindings.get(flow) ?? new Map<string, Key>();
    held.set(textOf(key), { userId: key.userId, contact: key.contact });
    this.#bindings.set(flow, held);
  }

  forget(key: Key): void {
    const flow = this.#flows.get(textOf(key));
    if (flow === undefined) return;
    this.#flows.delete(textOf(key));
    const held = this.#bindings.get(flow);
    held?.delete(textOf(key));
    if (held?.size === 0) this.#bindings.delete(flow);
  }

  /** False for a binding whose connection is gone, or was another process's. */
  isReachable(binding: Binding): boolean {
    if (!BOUND.has(binding.source.transport)) return true;
    return this.#flows.get(textOf(binding))?.isOpen === true;
  }

  /** Takes out what was bound to the flow. */
  release(flow: Flow): readonly Key[] {
    const held = [...(this.#bindings.get(flow)?.values() ?? [])];
    for (const key of held) this.forget(key);
    return held;
  }
}
