import { FakeDirectory } from '../../src/call/test-support/fake-directory.ts';
import type { Route } from '../../src/call/types.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { account, trunk } from '../../src/sip/user-agent/test-support/settings.ts';
import type { TrunkSettings, UserAccount, UserAgentDirectory } from '../../src/sip/user-agent/types.ts';
import { ACCOUNT, CALLER, CARRIER_ACCOUNT, CARRIERS } from './numbers.ts';
import type { Plan } from './plan.ts';

/** Where the backend of the customer is; nothing is ever sent there. */
export const BACKEND = 'http://backend.invalid';

/** Who is known to the server: the caller by address or by digest, and two carriers, the second one for failover. */
export class DirectoryDouble extends FakeDirectory implements UserAgentDirectory {
  readonly #trunks: readonly TrunkSettings[];
  readonly #user: UserAccount;

  constructor(plan: Plan, callerNumber: string) {
    super();
    const carriers = CARRIERS.map((address, index) =>
      trunk({
        name: `carrier-${index + 1}`,
        host: address.host,
        port: address.port,
        transport: plan.carrier.transport,
        allowedSources: [address.host],
        priority: 10 + index,
        outboundAuth: CARRIER_ACCOUNT,
        country: 'RU',
      }),
    );
    // A prefix that nobody dials: calls come from there and none goes there.
    const access = trunk({
      name: 'access',
      host: CALLER.host,
      allowedSources: [CALLER.host],
      prefixes: ['+999'],
      country: 'RU',
    });
    this.#trunks = plan.caller.digest ? carriers : [...carriers, access];
    this.#user = account(ACCOUNT.username, ACCOUNT.password, { number: PhoneNumber.parse(callerNumber) });
  }

  override routeFor(applicationId: string, dialled: PhoneNumber): Route | undefined {
    const route = super.routeFor(applicationId, dialled);
    return route === undefined ? undefined : { ...route, customData: BACKEND };
  }

  trunks(): readonly TrunkSettings[] {
    return this.#trunks;
  }

  userByName(username: string): UserAccount | undefined {
    return username === ACCOUNT.username ? this.#user : undefined;
  }

  userByNumber(): UserAccount | undefined {
    return undefined;
  }
}
