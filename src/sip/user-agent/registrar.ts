/**
 * The registrar for our accounts (RFC 3261 §10.3). All of a request applies or nothing: every Contact is judged before
 * the first one is stored.
 */
import type { Clock } from '../../kernel/clock.ts';
import { callId, cseq, to } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest, Uri } from '../message/types.ts';
import { formatUri, isSipUri, parseUri, sipUri, uriEquals } from '../message/uri.ts';
import type { Flow } from '../transport/types.ts';
import { BoundFlows } from './bound-flows.ts';
import {
  type ContactChange,
  type RegisterReply,
  type RegistrarLimits,
  readChanges,
} from './register-request.ts';
import type { Binding, LocationStore, UserAccount } from './types.ts';

export const DEFAULT_LIMITS: RegistrarLimits = {
  // A phone behind NAT may need to refresh every minute to keep its mapping.
  minExpires: 60,
  maxExpires: 7200,
  defaultExpires: 3600,
  maxBindings: 10,
};

export class Registrar {
  readonly #locations: LocationStore;
  readonly #clock: Clock;
  readonly #limits: RegistrarLimits;
  /** The last request of each account that is still at work: requests of one account are taken one by one. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #flows = new BoundFlows();

  constructor(options: { locations: LocationStore; clock: Clock; limits?: RegistrarLimits }) {
    this.#locations = options.locations;
    this.#clock = options.clock;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** What the REGISTER of an authenticated account is answered. Rejects only when the store does. */
  register(request: SipRequest, flow: Flow, user: UserAccount): Promise<RegisterReply> {
    const before = this.#queues.get(user.id) ?? Promise.resolve();
    const work = before.catch(() => {}).then(() => this.#register(request, flow, user));
    this.#queues.set(user.id, work);
    const done = (): void => {
      if (this.#queues.get(user.id) === work) this.#queues.delete(user.id);
    };
    work.then(done, done);
    return work;
  }

  /** Bindings that still hold, the preferred one first: by q, then the newest. */
  async bindings(userId: string): Promise<Binding[]> {
    const now = this.#clock.now();
    const all = await this.#locations.list(userId);
    return all
      .filter((binding) => binding.expiresAt > now && this.#flows.isReachable(binding))
      .sort((a, b) => b.q - a.q || b.expiresAt - a.expiresAt || b.cseq - a.cseq);
  }

  /** What was registered over a connection that is gone is gone with it. Rejects only when the store does. */
  async flowClosed(flow: Flow): Promise<void> {
    for (const { userId, contact } of this.#flows.release(flow))
      await this.#locations.remove(userId, contact);
  }

  async #register(request: SipRequest, flow: Flow, user: UserAccount): Promise<RegisterReply> {
    // §10.3 step 4: an account registers itself and nobody else.
    const aor = to(request).uri;
    if (!isSipUri(aor) || aor.user !== user.username) return { status: 403 };
    const changes = readChanges(request, this.#limits, flow.secure);
    if (changes.kind === 'refused') return changes.reply;
    const held = await this.bindings(user.id);
    const order = { callId: callId(request), cseq: cseq(request).sequence };
    if (changes.kind === 'all') return this.#removeAll(user, held, order);
    // Steps 6 and 7: a request that was overtaken by a newer one of the same phone changes nothing.
    const pairs = changes.changes.map((change) => ({ change, old: findBinding(held, change.uri) }));
    if (pairs.some(({ old }) => old !== undefined && overtaken(old, order))) return { status: 500 };
    const added = pairs.filter(({ change, old }) => old === undefined && change.expires > 0).length;
    const removed = pairs.filter(({ change, old }) => old !== undefined && change.expires === 0).length;
    if (added > 0 && held.length + added - removed > this.#limits.maxBindings) {
      return { status: 403, options: { reason: 'Too Many Contacts' } };
    }
    for (const { change, old } of pairs) await this.#apply(user, flow, change, old, order);
    return this.#listing(user);
  }

  async #apply(
    user: UserAccount,
    flow: Flow,
    change: ContactChange,
    old: Binding | undefined,
    order: Order,
  ): Promise<void> {
    const contact = formatUri(change.uri);
    // An equal URI may be spelled in another way than before; the row is kept by its text.
    if (old !== undefined && (change.expires === 0 || old.contact !== contact)) {
      this.#flows.forget(old);
      await this.#locations.remove(user.id, old.contact);
    }
    if (change.expires === 0) return;
    await this.#locations.put({
      userId: user.id,
      contact,
      source: { transport: flow.transport, host: flow.remote.host, port: flow.remote.port },
      ...order,
      expiresAt: this.#clock.now() + change.expires * 1000,
      q: change.q,
    });
    this.#flows.bind({ userId: user.id, contact }, flow);
    // The connection may have gone while the row was written.
    if (!flow.isOpen) await this.flowClosed(flow);
  }

  async #removeAll(user: UserAccount, held: readonly Binding[], order: Order): Promise<RegisterReply> {
    if (held.some((binding) => overtaken(binding, order))) return { status: 500 };
    for (const binding of held) this.#flows.forget(binding);
    await this.#locations.remove(user.id);
    return this.#listing(user);
  }

  /** Step 8: all bindings with the time that is left. */
  async #listing(user: UserAccount): Promise<RegisterReply> {
    const now = this.#clock.now();
    const fields = (await this.bindings(user.id)).map((binding): [string, string] => {
      const params = new Map<string, string | null>();
      if (binding.q !== 1) params.set('q', String(binding.q));
      params.set('expires', String(Math.ceil((binding.expiresAt - now) / 1000)));
      return ['Contact', formatNameAddr({ uri: readContact(binding), params })];
    });
    return { status: 200, options: { fields } };
  }
}

interface Order {
  readonly callId: string;
  readonly cseq: number;
}

function overtaken(binding: Binding, order: Order): boolean {
  return binding.callId === order.callId && order.cseq <= binding.cseq;
}

/** §10.3 step 7: compared as URIs (§19.1.4), not as texts. */
function findBinding(held: readonly Binding[], uri: Uri): Binding | undefined {
  return held.find((binding) => uriEquals(readContact(binding), uri));
}

/** The Contact of a binding as a URI. A text that cannot be read (an edited database) reaches nobody. */
export function readContact(binding: Pick<Binding, 'contact'>): Uri {
  try {
    return parseUri(binding.contact);
  } catch {
    return sipUri({ host: 'invalid.invalid' });
  }
}
