/**
 * From a call target to the places to try, in order: trunk → targets of RFC 3263, account → its registered phones,
 * URI → targets. Lazy, so that a second trunk is resolved only when the first has failed.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { DigestAccount } from '../auth/credentials.ts';
import type { Reach } from '../dialog/types.ts';
import type { NameAddr, SipUri } from '../message/types.ts';
import { isSipUri, isTelUri, parseUri, sipUri } from '../message/uri.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Target } from '../transport/types.ts';
import { type IdentityStyle, partyUri } from './identity-headers.ts';
import { DEFAULT_MEDIA_POLICY } from './media-policy.ts';
import { isDialString } from './number-format.ts';
import { numberOfUri } from './party-number.ts';
import { readContact } from './registrar.ts';
import { dialledUser, trunksFor } from './trunk-select.ts';
import type { Binding, CallTarget, MediaPolicy, TrunkSettings, UserAgentDirectory } from './types.ts';

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
}

export interface DialPlanOptions {
  readonly directory: UserAgentDirectory;
  /** Live bindings of an account, preferred first. */
  bindings(userId: string): Promise<readonly Binding[]>;
  readonly resolver: Resolver;
  /** Puts the targets that failed lately behind the others. */
  order(targets: readonly Target[]): readonly Target[];
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
  async *attempts(target: CallTarget): AsyncGenerator<Attempt> {
    if (target.kind === 'trunk') yield* this.#toNumber(target.number);
    else if (target.kind === 'user') yield* this.#toUser(target.username);
    else yield* this.#toUri(target.uri, target.auth);
  }

  async *#toNumber(number: PhoneNumber): AsyncGenerator<Attempt> {
    const account = this.#options.directory.userByNumber(number);
    if (account !== undefined) return yield* this.#toUser(account.username);
    const trunks = trunksFor(this.#options.directory.trunks(), number);
    if (trunks.length === 0) throw new MasklineError('trunk/none');
    let cause: unknown;
    let found = false;
    for (const trunk of trunks) {
      try {
        for (const attempt of await this.#throughTrunk(trunk, number)) {
          found = true;
          yield attempt;
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
    return targets.map((target) => ({
      target,
      requestUri,
      to: nameAddr(partyUri(user, fromDomain, trunk.userPhone)),
      fromDomain,
      reach: 'target' as const,
      media: trunk.media,
      style: trunk,
      ...(trunk.outboundAuth === undefined ? {} : { account: trunk.outboundAuth }),
    }));
  }

  /** The newest phone is rung; another one only when the first cannot be reached at all. */
  async *#toUser(username: string): AsyncGenerator<Attempt> {
    const { directory, domain } = this.#options;
    const user = directory.userByName(username);
    if (user === undefined) throw new MasklineError('user/unknown');
    const bindings = await this.#options.bindings(user.id);
    if (bindings.length === 0) throw new MasklineError('user/offline');
    const to = nameAddr(sipUri({ user: user.username, host: domain }));
    for (const binding of bindings) {
      const contact = readContact(binding);
      if (isSipUri(contact)) {
        yield {
          target: binding.source,
          requestUri: asRequestUri(contact),
          to,
          fromDomain: domain,
          reach: 'flow',
          media: DEFAULT_MEDIA_POLICY,
        };
      }
    }
  }

  async *#toUri(text: string, account: DigestAccount | undefined): AsyncGenerator<Attempt> {
    const uri = readDialled(text);
    if (isTelUri(uri)) return yield* this.#toNumber(numberOfUri(uri)!);
    // RFC 3261 §8.1.3.5, §26.2: without TLS a sips: target cannot be reached as it asks to be.
    if (uri.scheme !== 'sip' || !isSipUri(uri)) throw new MasklineError('uri/unsupported');
    if (uri.host === this.#options.domain && uri.user !== undefined) return yield* this.#toUser(uri.user);
    const requestUri = asRequestUri(uri);
    const to = nameAddr(sipUri({ user: uri.user, host: uri.host }));
    let targets: readonly Target[];
    try {
      targets = await this.#resolve(requestUri, undefined);
    } catch (error) {
      throw new MasklineError('trunk/unreachable', undefined, { cause: error });
    }
    for (const target of targets) {
      yield {
        target,
        requestUri,
        to,
        fromDomain: this.#options.domain,
        reach: 'target',
        media: DEFAULT_MEDIA_POLICY,
        ...(account === undefined ? {} : { account }),
      };
    }
  }

  /** The transport is said to the resolver even where the Request-URI leaves it out. */
  async #resolve(uri: SipUri, transport: Target['transport'] | undefined): Promise<readonly Target[]> {
    const params = new Map(uri.params);
    if (transport !== undefined) params.set('transport', transport);
    return this.#options.order(await this.#options.resolver.resolve(sipUri({ ...uri, params })));
  }
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
  return sipUri({ user: uri.user, host: uri.host, port: uri.port, params });
}

function nameAddr(uri: SipUri): NameAddr {
  return { uri, params: NO_PARAMS };
}
