/** The registrations of all trunks that ask for one, in step with the directory. */
import type { Flow } from '../transport/types.ts';
import { type RegistrationOptions, type RegistrationStatus, TrunkRegistration } from './registration.ts';
import type { TrunkSettings, UserAgentDirectory } from './types.ts';

export class Registrations {
  readonly #options: Omit<RegistrationOptions, 'trunk'>;
  readonly #directory: UserAgentDirectory;
  readonly #byTrunk = new Map<string, TrunkRegistration>();
  #closed = false;

  constructor(options: Omit<RegistrationOptions, 'trunk'> & { readonly directory: UserAgentDirectory }) {
    this.#options = options;
    this.#directory = options.directory;
  }

  /** Begins what is new, takes back what is gone, begins again what was changed. */
  sync(): void {
    if (this.#closed) return;
    const wanted = new Map(
      this.#directory
        .trunks()
        .filter(({ register }) => register)
        .map((trunk) => [trunk.id, trunk]),
    );
    for (const [id, registration] of this.#byTrunk) {
      const trunk = wanted.get(id);
      if (trunk !== undefined && sameRegistration(trunk, registration.trunk)) continue;
      this.#byTrunk.delete(id);
      void registration.stop();
    }
    for (const [id, trunk] of wanted) {
      if (this.#byTrunk.has(id)) continue;
      const registration = new TrunkRegistration({ ...this.#options, trunk });
      this.#byTrunk.set(id, registration);
      registration.start();
    }
  }

  status(trunkId: string): RegistrationStatus | undefined {
    return this.#byTrunk.get(trunkId)?.status;
  }

  /** The trunk, as the directory has it now, that knows us by this Contact. */
  trunkByContact(user: string): TrunkSettings | undefined {
    for (const [id, registration] of this.#byTrunk) {
      if (registration.contactUser !== user) continue;
      return this.#directory.trunks().find((trunk) => trunk.id === id);
    }
    return undefined;
  }

  flowClosed(flow: Flow): void {
    for (const registration of this.#byTrunk.values()) registration.flowClosed(flow);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#byTrunk.values()].map((registration) => registration.stop()));
  }
}

function sameRegistration(a: TrunkSettings, b: TrunkSettings): boolean {
  const key = (trunk: TrunkSettings): string =>
    JSON.stringify([
      trunk.host,
      trunk.port,
      trunk.transport,
      trunk.tls,
      trunk.fromDomain,
      trunk.outboundAuth,
      trunk.allowMd5,
    ]);
  return key(a) === key(b);
}
