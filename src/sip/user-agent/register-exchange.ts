/** One REGISTER with everything that its answers may ask for: credentials, a longer interval (RFC 3261 §10.2). */
import type { Random } from '../../kernel/random.ts';
import { ClientCredentials } from '../auth/credentials.ts';
import { request as buildRequest } from '../message/build.ts';
import { contacts, expires as expiresField } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { isSipUri, sipUri } from '../message/uri.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import { contactFor } from './contact.ts';
import type { TrunkSettings } from './types.ts';

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly expires: number }
  | {
      readonly kind: 'failed';
      /** For the operator; in our words. */
      readonly reason: string;
      /** The peer answered; its other addresses would say the same. */
      readonly reachable?: boolean;
      /** It will not change its mind soon: a wrong password. */
      readonly permanent?: boolean;
      /** Seconds that the peer asked us to wait. */
      readonly retryAfter?: number;
    };

export interface RegisterExchangeOptions {
  readonly trunk: TrunkSettings;
  readonly transactions: Pick<Transactions, 'send'>;
  readonly random: Random;
  readonly contactUser: string;
}

/** Two challenges (401 and a stale nonce), one 423, and the answer. */
const MAX_ROUNDS = 5;

export class RegisterExchange {
  readonly #options: RegisterExchangeOptions;
  readonly #callId: string;
  readonly #tag: string;
  readonly #credentials: ClientCredentials | undefined;
  #cseq = 0;

  constructor(options: RegisterExchangeOptions) {
    const { trunk, random } = options;
    this.#options = options;
    // §10.2: the same Call-ID and a growing CSeq for all of them, so that the registrar can order them.
    this.#callId = random.token(16);
    this.#tag = random.token(8);
    this.#credentials =
      trunk.outboundAuth === undefined
        ? undefined
        : new ClientCredentials({ ...trunk.outboundAuth, allowMd5: trunk.allowMd5 }, random);
  }

  /** Never rejects. `expires` in seconds; 0 takes the registration back. */
  async run(flow: Flow, expires: number): Promise<RegisterOutcome> {
    this.#credentials?.begin();
    let asked = expires;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const answer = await this.#send(this.#register(flow, asked), flow);
      if (answer === 'timeout') return { kind: 'failed', reason: 'no answer' };
      if (answer === 'transport') return { kind: 'failed', reason: 'the connection was lost' };
      if (answer.status === 401 || answer.status === 407) {
        if (this.#mayAnswer(answer.status, answer)) continue;
        return { kind: 'failed', reason: 'the credentials were refused', reachable: true, permanent: true };
      }
      const longer = answer.status === 423 ? minExpires(answer) : undefined;
      if (longer !== undefined && longer > asked) {
        asked = longer;
        continue;
      }
      if (answer.status < 300) return { kind: 'registered', expires: this.#granted(answer, asked) };
      return refusal(answer);
    }
    return { kind: 'failed', reason: 'the registrar keeps asking for something else', reachable: true };
  }

  #register(flow: Flow, expires: number): SipRequest {
    const { trunk, contactUser } = this.#options;
    const domain = trunk.fromDomain ?? trunk.host;
    const aor = formatNameAddr({
      uri: sipUri({ user: trunk.outboundAuth?.username ?? contactUser, host: domain }),
      params: new Map(),
    });
    const uri = `sip:${domain.includes(':') ? `[${domain}]` : domain}`;
    this.#cseq += 1;
    return buildRequest('REGISTER', uri, [
      ['Max-Forwards', '70'],
      ['From', `${aor};tag=${this.#tag}`],
      ['To', aor],
      ['Call-ID', this.#callId],
      ['CSeq', `${this.#cseq} REGISTER`],
      ['Contact', formatNameAddr(contactFor(flow, contactUser))],
      ['Expires', String(expires)],
      ...(this.#credentials?.fields('REGISTER', uri) ?? []),
    ]);
  }

  #send(request: SipRequest, flow: Flow): Promise<SipResponse | 'timeout' | 'transport'> {
    return new Promise((resolve) => {
      this.#options.transactions.send(request, flow, {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onFailure: resolve,
      });
    });
  }

  #mayAnswer(status: 401 | 407, answer: SipResponse): boolean {
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    return this.#credentials?.accept(status, answer.headers.getAll(name)) ?? false;
  }

  /** §10.2.4: what stands at our own Contact, else Expires, else what we asked for. */
  #granted(answer: SipResponse, asked: number): number {
    const { contactUser } = this.#options;
    let own: string | null | undefined;
    try {
      own = contacts(answer)
        .find(({ uri }) => isSipUri(uri) && uri.user === contactUser)
        ?.params.get('expires');
    } catch {
      // Somebody else's broken Contact in the list does not make ours fail.
    }
    const seconds = own != null && /^\d{1,9}$/.test(own) ? Number(own) : (expiresField(answer) ?? asked);
    // A registrar that says 0 or a few seconds to a REGISTER that it accepted would be asked without pause.
    return asked === 0 ? 0 : Math.min(Math.max(seconds, 20), 86_400);
  }
}

function minExpires(answer: SipResponse): number | undefined {
  const text = answer.headers.get('Min-Expires');
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

function refusal(answer: SipResponse): RegisterOutcome {
  const retryAfter = /^(\d{1,6})/.exec(answer.headers.get('Retry-After') ?? '')?.[1];
  return {
    kind: 'failed',
    reason: `the registrar answered ${answer.status}`,
    // RFC 3263 §4.3: 503 is a reason to try the next address, as a time-out is.
    reachable: answer.status !== 503,
    permanent: answer.status === 403 || answer.status === 404,
    ...(retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) }),
  };
}
