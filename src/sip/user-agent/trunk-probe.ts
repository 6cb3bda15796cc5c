/**
 * Asks a trunk with OPTIONS whether it is there (RFC 3261 §11), spread over time so that many trunks, or many nodes, do
 * not ask in step. Any answer but 408 and 503 says yes, a challenge or "not found" too: what counts is that somebody
 * answers. One timer and one question at a time.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { request as buildRequest } from '../message/build.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { formatUri, sipUri } from '../message/uri.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow, Transport } from '../transport/types.ts';
import { CONTACT_USER, contactFor } from './contact.ts';
import { retryAfter } from './retry-after.ts';
import type { TrunkHealth } from './trunk-health.ts';
import type { TrunkSettings, UserAgentDirectory } from './types.ts';

export interface ProbeOptions {
  readonly transport: Pick<Transport, 'flowTo'>;
  readonly transactions: Pick<Transactions, 'send'>;
  readonly resolver: Resolver;
  readonly health: TrunkHealth;
  readonly clock: Clock;
  readonly random: Random;
}

type Answer = SipResponse | 'timeout' | 'transport';

/** The probes of all trunks that want one, in step with the directory. */
export class TrunkProbes {
  readonly #options: ProbeOptions;
  readonly #directory: UserAgentDirectory;
  readonly #byTrunk = new Map<string, TrunkProbe>();
  #closed = false;

  constructor(options: ProbeOptions & { readonly directory: UserAgentDirectory }) {
    this.#options = options;
    this.#directory = options.directory;
  }

  /** Begins what is new, ends what is gone, begins again what was changed. */
  sync(): void {
    if (this.#closed) return;
    const wanted = this.#directory.trunks().filter(({ optionsSeconds }) => optionsSeconds > 0);
    const byId = new Map(wanted.map((trunk) => [trunk.id, trunk]));
    for (const [id, probe] of this.#byTrunk) {
      const trunk = byId.get(id);
      if (trunk !== undefined && sameProbe(trunk, probe.trunk)) continue;
      probe.stop();
      this.#byTrunk.delete(id);
    }
    for (const trunk of wanted) {
      if (this.#byTrunk.has(trunk.id)) continue;
      const probe = new TrunkProbe(trunk, this.#options);
      this.#byTrunk.set(trunk.id, probe);
      probe.start();
    }
  }

  close(): void {
    this.#closed = true;
    for (const probe of this.#byTrunk.values()) probe.stop();
    this.#byTrunk.clear();
  }
}

function sameProbe(a: TrunkSettings, b: TrunkSettings): boolean {
  const key = ({ host, port, transport, fromDomain, optionsSeconds }: TrunkSettings): string =>
    JSON.stringify([host, port, transport, fromDomain, optionsSeconds]);
  return key(a) === key(b);
}

class TrunkProbe {
  readonly trunk: TrunkSettings;
  readonly #options: ProbeOptions;
  readonly #callId: string;
  readonly #tag: string;
  #sequence = 0;
  #timer: TimerHandle | undefined;
  #stopped = false;

  constructor(trunk: TrunkSettings, options: ProbeOptions) {
    this.trunk = trunk;
    this.#options = options;
    this.#callId = options.random.token(16);
    this.#tag = options.random.token(8);
  }

  /** The first question comes within one interval, not at once: a node that starts has better things to do. */
  start(): void {
    this.#schedule(0.25, 0.75);
  }

  stop(): void {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  /** In parts of the interval: at least `least`, and by lot up to `spread` more. */
  #schedule(least: number, spread: number): void {
    if (this.#stopped) return;
    const { clock, random } = this.#options;
    const interval = this.trunk.optionsSeconds * 1000;
    const ms = interval * least + random.int(Math.max(1, Math.round(interval * spread)));
    this.#timer = clock.setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const { health } = this.#options;
    const { id } = this.trunk;
    const answer = await this.#firstAnswer();
    if (this.#stopped) return;
    if (typeof answer === 'string') health.optionsFailed(id, answer);
    else if (answer.status === 503 || answer.status === 408)
      health.optionsFailed(id, `it answers OPTIONS with ${answer.status}`, retryAfter(answer));
    else health.optionsAnswered(id);
    // After a miss sooner: one lost answer is soon forgotten, a second one soon known.
    if (typeof answer === 'string') this.#schedule(0.25, 0.25);
    else this.#schedule(0.75, 0.5);
  }

  /** Of the targets of RFC 3263, the first that answers anything; a text says why there is none. */
  async #firstAnswer(): Promise<SipResponse | string> {
    const { resolver, transport } = this.#options;
    let reason = 'the host name leads to no address';
    try {
      for (const target of await resolver.resolve(this.#uri())) {
        if (this.#stopped) break;
        const flow = await transport.flowTo(target).catch(() => undefined);
        if (flow === undefined) {
          reason = 'no connection to the trunk';
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
    const { host, port, transport } = this.trunk;
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
    const { host, fromDomain } = this.trunk;
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
