import type { Settings } from '../config/schema.ts';
import type { CallLists } from '../dialler/ports.ts';
import type { Mount } from '../http/options.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { platformApi } from '../platform-api/platform-api.ts';
import type { Scenarios } from '../scenario/ports.ts';
import { ha1Set } from '../sip/auth/digest.ts';
import type { Storage } from '../storage/storage.ts';

/** The platform API of a node: what it serves beside the REST API, and the account that tokens are issued for. */
export async function createPlatformApi(parts: {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly scenarios: Pick<Scenarios, 'start'>;
  readonly callLists: CallLists;
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<{
  readonly account: { readonly id: number; readonly email: string };
  readonly mounts: readonly Mount[];
}> {
  const { settings, storage, scenarios, callLists, publicUrl, clock, log } = parts;
  const { accountName, accountEmail } = settings.platformApi;
  const account = {
    ...(await storage.platform.directory.account()),
    name: accountName,
    email: accountEmail,
  };
  const mount = platformApi({
    ...storage.platform,
    apiKeys: storage.apiKeys,
    keyValues: storage.appStorage,
    scenarios,
    callLists,
    digest: (username, password) => ha1Set(username, settings.sip.domain, password),
    account,
    publicUrl,
    clock,
    log,
  });
  return { account, mounts: [mount] };
}
