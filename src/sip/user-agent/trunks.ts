/** What is kept of trunks beside their settings: registrations, health, load and statistics, in step with the directory. */
import type { FailedTargets } from './failed-targets.ts';
import type { RegistrationOptions } from './registration.ts';
import { Registrations } from './registrations.ts';
import { TrunkHealth } from './trunk-health.ts';
import { TrunkLoads } from './trunk-load.ts';
import { TrunkMeter } from './trunk-meter.ts';
import { TrunkProbes } from './trunk-probe.ts';
import { TrunkStatistics } from './trunk-statistics.ts';
import type { TrunkReport, TrunkStatus, UserAgentDirectory } from './types.ts';

export type TrunksOptions = Omit<RegistrationOptions, 'trunk'> & {
  readonly directory: UserAgentDirectory;
  readonly targets: FailedTargets;
};

export class Trunks {
  readonly meter: TrunkMeter;
  readonly registrations: Registrations;
  readonly #probes: TrunkProbes;
  readonly #directory: UserAgentDirectory;

  constructor(options: TrunksOptions) {
    const { clock, directory, targets, log } = options;
    this.#directory = directory;
    const health = new TrunkHealth(clock, (trunkId, state, reason) => {
      const trunk = directory.trunks().find(({ id }) => id === trunkId)?.name;
      if (state === 'down') log.warn({ trunk, reason }, 'a trunk is down; it is tried last');
      else log.info({ trunk, state }, 'a trunk is no longer down, or was heard for the first time');
    });
    this.meter = new TrunkMeter({
      loads: new TrunkLoads(clock),
      statistics: new TrunkStatistics(clock),
      health,
      targets,
    });
    this.registrations = new Registrations(options);
    this.#probes = new TrunkProbes({ ...options, health });
  }

  /** The directory has other trunks than before, or is seen for the first time. */
  sync(): void {
    this.registrations.sync();
    this.#probes.sync();
    const ids = new Set(this.#directory.trunks().map(({ id }) => id));
    this.meter.health.keepOnly(ids);
    this.meter.loads.keepOnly(ids);
    this.meter.statistics.keepOnly(ids);
  }

  status(trunkId: string): TrunkStatus {
    const { health, loads } = this.meter;
    const registration = this.registrations.status(trunkId);
    const known = this.#directory.trunks().some(({ id }) => id === trunkId);
    return {
      registered: registration?.registered,
      lastError: registration?.lastError ?? (known ? undefined : 'There is no such trunk.'),
      health: health.report(trunkId),
      calls: loads.of(trunkId),
    };
  }

  reports(): TrunkReport[] {
    const { statistics } = this.meter;
    return this.#directory.trunks().map(({ id, name }) => ({
      name,
      status: this.status(id),
      inbound: statistics.totals(id, 'inbound'),
      outbound: statistics.totals(id, 'outbound'),
      hours: statistics.hours(id),
    }));
  }

  async close(): Promise<void> {
    this.#probes.close();
    await this.registrations.close();
  }
}
