import type { Address, ListenOptions, Network } from './types.ts';

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

export const isSameFamily = (a: string, b: string): boolean => a.includes(':') === b.includes(':');

/** Remote hosts whose route is remembered, and route questions under way at once; both bound memory and sockets. */
const MAX_ROUTES = 10_000;
const MAX_PENDING = 64;
/** How long an answer holds: interfaces change seldom. ms */
const ROUTE_TTL_MS = 60_000;

/**
 * The host and port that Via and Contact carry for a listener: the configured ones, else the bound address, else, for
 * a listener bound to a wildcard, the address that the machine sends from towards that peer.
 */
export class AdvertisedHosts {
  readonly #network: Network;
  readonly #now: () => number;
  readonly #routes = new Map<string, { readonly host: string; readonly until: number }>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(network: Network, now: () => number) {
    this.#network = network;
    this.#now = now;
  }

  /** Throws when a listener could never say where it can be reached. */
  check(options: ListenOptions): void {
    if (!isWildcard(options.host) || options.advertisedHost !== undefined) return;
    if (this.#network.localAddressFor === undefined) {
      throw new Error(
        `Set the advertised host of the listener on ${options.host}: a wildcard cannot be advertised.`,
      );
    }
  }

  /** At once where it is known; a promise where the machine's routes must be asked. */
  towards(options: ListenOptions, bound: Address, remoteHost: string): Address | Promise<Address> {
    const port = options.advertisedPort ?? bound.port;
    if (options.advertisedHost !== undefined) return { host: options.advertisedHost, port };
    if (!isWildcard(bound.host)) return { host: bound.host, port };
    const known = this.#routes.get(remoteHost);
    if (known !== undefined && known.until > this.#now()) return { host: known.host, port };
    return this.localAddressFor(remoteHost).then((host) => ({ host, port }));
  }

  /** The machine's own address towards a host; concurrent questions for one host are asked once. */
  localAddressFor(remoteHost: string): Promise<string> {
    const pending = this.#pending.get(remoteHost);
    if (pending !== undefined) return pending;
    if (this.#network.localAddressFor === undefined || this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new Error('the local address towards a peer cannot be found now'));
    }
    const asked = this.#network
      .localAddressFor(remoteHost)
      .then((host) => {
        this.#remember(remoteHost, host);
        return host;
      })
      .finally(() => this.#pending.delete(remoteHost));
    this.#pending.set(remoteHost, asked);
    return asked;
  }

  #remember(remoteHost: string, host: string): void {
    this.#routes.delete(remoteHost);
    this.#routes.set(remoteHost, { host, until: this.#now() + ROUTE_TTL_MS });
    if (this.#routes.size <= MAX_ROUTES) return;
    const oldest = this.#routes.keys().next();
    if (!oldest.done) this.#routes.delete(oldest.value);
  }
}
