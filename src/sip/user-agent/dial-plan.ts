/**
 * From a call target to the places to try, in order: trunk → targets of RFC 3263, URI → targets, account → its registered
 * phones, all at once. Lazy, so that a second trunk is resolved only when the first has failed.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { DigestAccount } from '../auth/credentials.ts';
import type { Reach } from '../dialog/types.ts';
import type { NameAddr, SipUri } from '../message/types.ts';
import { isSipUri, isTelUri, parseUri, sipUri } from '../message/uri.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Target } from '../transport/types.ts';
import { type IdentityStyle, mayShow, partyUri } from './identity-headers.ts';
import { DEFAULT_MEDIA_POLICY, phoneMediaPolicy } from './media-policy.ts';
import { isDialString } from './number-format.ts';
import { numberOfUri } from './party-number.ts';
import type { RedirectRules } from './redirects.ts';
import { readContact } from './registrar.ts';
import { dialledUser, serves, type TrunkChoice, trunksFor } from './trunk-select.ts';
import type {
  Binding,
  MediaPolicy,
  OutboundInvite,
  ShownIdentity,
  TrunkSettings,
  UserAgentDirectory,
} from './types.ts';

/** One place to send the INVITE to. */
export interface Attempt {
  readonly target: Target;
  readonly requestUri: SipUri;
  readonly to: NameAddr;
  /** Host of our own URIs in this INVITE. */
  readonly fromDomain: string;
  /** A registered phone is reached where it registered from; others where their Route or Contact says. */
  readonly reach: Reach;
  readonly media: MediaPolicy;
  readonly style?: IdentityStyle;
  readonly account?: DigestAccount;
  readonly trunk?: TrunkSettings;
  /** The last target of its trunk: when it fails, the trunk has failed. */
  readonly isLast?: boolean;
  readonly redirects: RedirectRules;
  /** How many 3xx have led here. */
  readonly redirected: number;
}

/** Places that are rung together; of a trunk or a URI there is one. */
export type Stage = readonly Attempt[];

export interface DialPlanOptions {
  readonly directory: UserAgentDirectory;
  /** Live bindings of an account, preferred first. */
  bindings(userId: string): Promise<readonly Binding[]>;
  readonly resolver: Resolver;
  /** Puts the targets that failed lately behind the others. */
  order(targets: readonly Target[]): readonly Target[];
  readonly choice: TrunkChoice;
  /** Our SIP domain. */
  readonly domain: string;
}

const NO_PARAMS: ReadonlyMap<string, string | null> = new Map();

export class DialPlan {
  readonly #options: DialPlanOptions;

  constructor(options: DialPlanOptions) {
    this.#options = options;
  }

  /** Throws a `MasklineError` when there is nowhere to go. */
  async *stages({ target, identity }: Pick<OutboundInvite, 'target' | 'identity'>): AsyncGenerator<Stage> {
    if (target.kind === 'trunk') yield* this.#toNumber(target.number, identity);
    else if (target.kind === 'user') yield* this.#toUser(target.username);
    else yield* this.#toUri(target.uri, target.auth, identity);
  }

  /** Another place of a call that a 3xx has led to. */
  async redirected(attempt: Attempt, uri: SipUri): Promise<readonly Attempt[]> {
    // §8.1.3.4: what was to be secure is not led to where it is not.
    if (attempt.requestUri.scheme === 'sips' && uri.scheme !== 'sips') return [];
    const requestUri = asRequestUri(uri);
    const targets = await this.#resolve(
      requestUri,
      uri.params.has('transport') ? undefined : attempt.target.transport,
    );
    return targets.map((target) => ({ ...attempt, target, requestUri, redirected: attempt.redirected + 1 }));
  }

  async *#toNumber(number: PhoneNumber, identity: ShownIdentity): AsyncGenerator<Stage> {
    const account = this.#options.directory.userByNumber(number);
    if (account !== undefined) return yield* this.#toUser(account.username);
    const allowed = this.#options.directory.trunks().filter((trunk) => mayShow(identity, trunk));
    const trunks = trunksFor(allowed, number, this.#options.choice);
    if (trunks.length === 0) throw new MasklineError('trunk/none');
    let cause: unknown;
    let found = false;
    for (const trunk of trunks) {
      try {
        for (const attempt of await this.#throughTrunk(trunk, number)) {
          found = true;
          yield [attempt];
        }
      } catch (error) {
        cause = error; // The next trunk may have a name that resolves.
      }
    }
    if (!found) throw new MasklineError('trunk/unreachable', undefined, { cause });
  }

  async #throughTrunk(trunk: TrunkSettings, number: PhoneNumber): Promise<Attempt[]> {
    const user = dialledUser(number, trunk);
    const requestUri = sipUri({
      user,
      host: trunk.host,
      port: trunk.port,
      params: {
        ...(trunk.transport === 'udp' ? {} : { transport: trunk.transport }),
        ...(trunk.userPhone && isDialString(user) ? { user: 'phone' } : {}),
      },
    });
    const targets = await this.#resolve(requestUri, trunk.transport);
    const fromDomain = trunk.fromDomain ?? trunk.host;
    return targets.map((target, index) => ({
      target,
      requestUri,
      to: nameAddr(partyUri(user, fromDomain, trunk.userPhone)),
      fromDomain,
      reach: 'target' as const,
      media: trunk.media,
      style: trunk,
      trunk,
      isLast: index === targets.length - 1,
      redirects: redirectsOfTrunk(trunk, target.host, number),
      redirected: 0,
      ...(trunk.outboundAuth === undefined
        ? {}
        : { account: { ...trunk.outboundAuth, allowMd5: trunk.allowMd5 } }),
    }));
  }

  /** All phones of the account ring, the preferred one first by a hair. */
  async *#toUser(username: string): AsyncGenerator<Stage> {
    const { directory, domain } = this.#options;
    const user = directory.userByName(username);
    if (user === undefined) throw new MasklineError('user/unknown');
    const bindings = await this.#options.bindings(user.id);
    if (bindings.length === 0) throw new MasklineError('user/offline');
    const to = nameAddr(sipUri({ user: user.username, host: domain }));
    yield bindings.flatMap((binding) => {
      const contact = readContact(binding);
      if (!isSipUri(contact)) return [];
      return [
        {
          target: binding.source,
          requestUri: asRequestUri(contact),
          to,
          fromDomain: domain,
          reach: 'flow' as const,
          media: phoneMediaPolicy(binding.source.transport),
          redirects: { hosts: [contact.host, binding.source.host] },
          redirected: 0,
        },
      ];
    });
  }

  async *#toUri(
    text: string,
    account: DigestAccount | undefined,
    identity: ShownIdentity,
  ): AsyncGenerator<Stage> {
    const uri = readDialled(text);
    if (isTelUri(uri)) return yield* this.#toNumber(numberOfUri(uri)!, identity);
    if (!isSipUri(uri)) throw new MasklineError('uri/unsupported');
    if (uri.host === this.#options.domain && uri.user !== undefined) return yield* this.#toUser(uri.user);
    const requestUri = asRequestUri(uri);
    const to = nameAddr(sipUri({ scheme: uri.scheme, user: uri.user, host: uri.host }));
    let targets: readonly Target[];
    try {
      targets = await this.#resolve(requestUri, undefined);
    } catch (error) {
      throw new MasklineError('trunk/unreachable', undefined, { cause: error });
    }
    for (const target of targets) {
      yield [
        {
          target,
          requestUri,
          to,
          fromDomain: this.#options.domain,
          reach: 'target',
          media: DEFAULT_MEDIA_POLICY,
          redirects: { hosts: [uri.host, target.host] },
          redirected: 0,
          ...(account === undefined ? {} : { account }),
        },
      ];
    }
  }

  /** The transport is said to the resolver even where the Request-URI leaves it out. */
  async #resolve(uri: SipUri, transport: Target['transport'] | undefined): Promise<readonly Target[]> {
    const params = new Map(uri.params);
    if (transport !== undefined && uri.scheme === 'sip') params.set('transport', transport);
    return this.#options.order(await this.#options.resolver.resolve(sipUri({ ...uri, params })));
  }
}

function redirectsOfTrunk(trunk: TrunkSettings, host: string, called: PhoneNumber): RedirectRules {
  const mayChangeTo = (number: PhoneNumber): boolean => trunk.redirectNumbers && serves(trunk, number);
  return {
    hosts: [trunk.host, host, ...trunk.redirectDomains],
    number: { called, spelling: trunk, mayChangeTo },
  };
}

function readDialled(text: string): ReturnType<typeof parseUri> {
  try {
    return parseUri(text.trim());
  } catch {
    throw new MasklineError('uri/malformed');
  }
}

/** RFC 3261 §19.1.5: header fields and `method` of a URI have no place in a Request-URI; nor has a password. */
function asRequestUri(uri: SipUri): SipUri {
  if (uri.headers.size === 0 && uri.password === undefined && !uri.params.has('method')) return uri;
  const params = new Map([...uri.params].filter(([name]) => name !== 'method'));
  const { scheme, user, host, port } = uri;
  return sipUri({ scheme, user, host, port, params });
}

function nameAddr(uri: SipUri): NameAddr {
  return { uri, params: NO_PARAMS };
}
