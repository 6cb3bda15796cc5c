import type { CallLists } from '../dialler/ports.ts';
import type { ApiKeys } from '../http/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { KeyValueStore, Scenarios } from '../scenario/ports.ts';
import type {
  CallHistory,
  PasswordDigests,
  PlatformAccount,
  PlatformDirectory,
  PlatformIds,
} from './ports.ts';

/** What the platform API is made of. */
export interface PlatformOptions {
  readonly directory: PlatformDirectory;
  readonly ids: PlatformIds;
  readonly history: CallHistory;
  readonly apiKeys: ApiKeys;
  readonly scenarios: Pick<Scenarios, 'start'>;
  readonly keyValues: KeyValueStore;
  readonly callLists: CallLists;
  /** What is kept of a user's password. */
  readonly digest: (username: string, password: string) => PasswordDigests;
  readonly account: PlatformAccount & { readonly name: string; readonly email: string };
  /** How clients reach the API, e.g. `https://calls.example.com`. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}
