/**
 * Which flow a request inside a dialog leaves by (RFC 3261 §12.2.1.1 with §8.1.2; PITFALLS rows 8 and 9). A phone behind
 * NAT is reached only where its messages come from; a trunk is reached where its Route or Contact says.
 */
import { isIP } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Uri } from '../message/types.ts';
import { formatUri, isSipUri } from '../message/uri.ts';
import type { Flow } from '../transport/types.ts';
import { reachableFrom } from './address-scope.ts';
import type { Reach } from './types.ts';

const DEFAULT_PORT = 5060;

/**
 * How long a name of the peer may take to resolve, or a connection to be opened, before the open flow is taken, ms: half
 * of the 4 s that a peer waits between the retransmissions of its 2xx.
 */
const PATIENCE_MS = 2_000;

/** What a search takes; the layer's `DialogContext` has it. */
export interface PathSearch {
  readonly clock: Clock;
  flowTo(uri: Uri): Promise<Flow>;
}

/** The paths of one dialog: where its peer was heard, and what its next hop was found to be. */
export class DialogPath {
  readonly #reach: Reach;
  /** The flow that the INVITE took, and the URI it was found by: a UAC sticks to it (PITFALLS row 22). */
  readonly #first: { readonly flow: Flow; readonly hop: string | undefined };
  #flow: Flow;
  /** What the look-up of a next hop said; without flow: nothing better than the peer's own. */
  #found: { readonly hop: string; readonly flow: Flow | undefined } | undefined;
  #search: { readonly hop: string; readonly result: Promise<Flow> } | undefined;

  /** `first` is the next hop of the INVITE, when it was ours. */
  constructor(flow: Flow, reach: Reach, first?: Uri) {
    this.#reach = reach;
    this.#flow = flow;
    this.#first = { flow, hop: first === undefined ? undefined : placeOf(first) };
  }

  /** The flow by which the peer was heard last, or to which the INVITE went. */
  get flow(): Flow {
    return this.#flow;
  }

  /** A NAT gave the peer another port, or its connection is a new one: answer there, unless the old connection lives. */
  followPeer(flow: Flow): void {
    if (!this.#flow.isOpen || !this.#flow.reliable) this.#flow = flow;
  }

  /**
   * The flow to a next hop where it is known without asking anybody. While a search is on, nothing is: what is sent now
   * leaves after what waits, although its own hop may be another one (the peer may have changed its Contact meanwhile).
   */
  known(hop: Uri): Flow | undefined {
    return this.#search === undefined ? this.#knownNow(hop) : undefined;
  }

  /** Looks for the next hop. Requests that wait for the same one share the search; all leave in their order. */
  search(context: PathSearch, hop: Uri): Promise<Flow> {
    const place = placeOf(hop);
    const before = this.#search;
    if (before?.hop === place) return before.result;
    const start = (): Flow | Promise<Flow> => this.#knownNow(hop) ?? this.#lookUp(context, hop);
    const found = before === undefined ? this.#lookUp(context, hop) : before.result.then(start, start);
    const result = found.finally(() => {
      if (this.#search?.result === result) this.#search = undefined;
    });
    this.#search = { hop: place, result };
    return result;
  }

  #knownNow(hop: Uri): Flow | undefined {
    const flow = this.#flow;
    if (flow.isOpen && isSecureEnough(flow, hop)) {
      if (this.#reach === 'flow' || flow.reliable || leadsTo(flow, hop)) return flow;
    }
    const place = placeOf(hop);
    if (this.#first.hop === place && this.#first.flow.isOpen) return this.#first.flow;
    const found = this.#found?.hop === place ? (this.#found.flow ?? flow) : undefined;
    return found?.isOpen === true ? found : undefined;
  }

  async #lookUp(context: PathSearch, hop: Uri): Promise<Flow> {
    if (!this.#flow.isOpen || !isSecureEnough(this.#flow, hop)) {
      const flow = await context.flowTo(hop);
      if (this.#reach === 'flow') this.#flow = flow;
      else this.#found = { hop: placeOf(hop), flow };
      return flow;
    }
    const found = await within(context, context.flowTo(hop)).catch(() => undefined);
    const usable = found !== undefined && reachableFrom(this.#flow.remote.host, found.remote.host);
    this.#found = { hop: placeOf(hop), flow: usable ? found : undefined };
    return usable ? found : this.#flow;
  }
}

/** RFC 3261 §26.2.2: a sips: hop is reached over TLS or not at all. */
function isSecureEnough(flow: Flow, hop: Uri): boolean {
  return flow.secure || hop.scheme !== 'sips';
}

/**
 * Whether an open UDP flow is the way to the next hop: its remote is the hop's address, or the hop is an address at
 * which a peer that is heard from there cannot be reached, or our own.
 */
function leadsTo(flow: Flow, hop: Uri): boolean {
  if (!isSipUri(hop)) return true;
  const host = hop.params.get('maddr') ?? hop.host;
  if (isIP(host) === 0) return false;
  const port = hop.port ?? DEFAULT_PORT;
  const { remote, advertised } = flow;
  if (!reachableFrom(remote.host, host) || (host === advertised.host && port === advertised.port))
    return true;
  const transport = hop.params.get('transport')?.toLowerCase() ?? 'udp';
  return host === remote.host && port === remote.port && transport === flow.transport;
}

/** What of a URI decides where it leads. */
function placeOf(uri: Uri): string {
  if (!isSipUri(uri)) return formatUri(uri);
  const { scheme, host, port, params } = uri;
  return [scheme, params.get('maddr') ?? host, port, params.get('transport')?.toLowerCase()].join(' ');
}

function within({ clock }: PathSearch, flow: Promise<Flow>): Promise<Flow> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(
      () => reject(new Error('the next hop took too long to find')),
      PATIENCE_MS,
    );
    flow.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
