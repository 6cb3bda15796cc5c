/** OPTIONS to a trunk (RFC 3261 §11.1): a dialog of its own kind, one Call-ID and rising CSeq for all that are asked. */
import type { Random } from '../../kernel/random.ts';
import { request as buildRequest } from '../message/build.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { formatUri, sipUri } from '../message/uri.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow, Transport } from '../transport/types.ts';
import { CONTACT_USER, contactFor } from './contact.ts';
import type { TrunkSettings } from './types.ts';

export interface QuestionOptions {
  readonly transport: Pick<Transport, 'flowTo'>;
  readonly transactions: Pick<Transactions, 'send'>;
  readonly resolver: Resolver;
  readonly random: Random;
}

type Answer = SipResponse | 'timeout' | 'transport';

export class TrunkQuestion {
  readonly #trunk: TrunkSettings;
  readonly #options: QuestionOptions;
  readonly #callId: string;
  readonly #tag: string;
  #sequence = 0;

  constructor(trunk: TrunkSettings, options: QuestionOptions) {
    this.#trunk = trunk;
    this.#options = options;
    this.#callId = options.random.token(16);
    this.#tag = options.random.token(8);
  }

  /** Of the targets of RFC 3263, the first that answers anything; a text says why there is none. */
  async ask(isOver: () => boolean = () => false): Promise<SipResponse | string> {
    const { resolver, transport } = this.#options;
    let reason = 'the host name leads to no address';
    try {
      for (const target of await resolver.resolve(this.#uri())) {
        if (isOver()) break;
        let flow: Flow;
        try {
          flow = await transport.flowTo(target);
        } catch (error) {
          reason = `no connection to the trunk${error instanceof Error ? `: ${error.message}` : ''}`;
          continue;
        }
        const answer = await this.#send(flow);
        if (typeof answer !== 'string') return answer;
        reason = answer === 'timeout' ? 'no answer to OPTIONS' : 'the connection broke';
      }
    } catch {
      // The name cannot be resolved.
    }
    return reason;
  }

  #uri(): ReturnType<typeof sipUri> {
    const { host, port, transport } = this.#trunk;
    return sipUri({ host, port, params: transport === 'udp' ? {} : { transport } });
  }

  #send(flow: Flow): Promise<Answer> {
    return new Promise((resolve) => {
      this.#options.transactions.send(this.#request(flow), flow, {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onFailure: resolve,
      });
    });
  }

  /** It names us and nobody else: no account, no number. */
  #request(flow: Flow): SipRequest {
    const { host, fromDomain } = this.#trunk;
    const address = (user: string | undefined): string =>
      formatNameAddr({ uri: sipUri({ user, host: fromDomain ?? host }), params: new Map() });
    this.#sequence += 1;
    return buildRequest('OPTIONS', formatUri(this.#uri()), [
      ['Max-Forwards', '70'],
      ['From', `${address(CONTACT_USER)};tag=${this.#tag}`],
      ['To', address(undefined)],
      ['Call-ID', this.#callId],
      ['CSeq', `${this.#sequence} OPTIONS`],
      ['Contact', formatNameAddr(contactFor(flow))],
      ['Accept', 'application/sdp'],
    ]);
  }
}
