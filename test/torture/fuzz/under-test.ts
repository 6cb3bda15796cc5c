import { silentLogger } from '../../../src/kernel/logger.ts';
import { DialogLayer } from '../../../src/sip/dialog/dialog-layer.ts';
import type { DialogUser, InviteSession, UasSession } from '../../../src/sip/dialog/types.ts';
import { parseNameAddr } from '../../../src/sip/message/name-addr.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts';
import type { InviteServerTransaction, ServerTransaction } from '../../../src/sip/transaction/types.ts';
import { FLOOD_LIMITS } from '../../../src/sip/transport/flood-guard.ts';
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts';
import type {
  Address,
  DatagramSocket,
  Flow,
  Network,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from '../../../src/sip/transport/types.ts';
import { seededRandom } from '../../kit/seeded-random.ts';
import { VirtualClock } from '../../kit/virtual-clock.ts';
import type { Dice } from './dice.ts';

const LOCAL: Address = { host: '10.0.0.1', port: 5060 };
const REMOTE: Address = { host: '10.0.0.2', port: 5060 };
const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';
/** Sessions that run at once; the oldest is ended for a new one. */
const SESSIONS = 20;

/** The sockets: what we are sent goes straight in, what we send is kept for a while. */
class FuzzNetwork implements Network {
  datagrams: { onMessage(bytes: Uint8Array, from: Address): void } | undefined;
  streams: ((connection: StreamConnection) => StreamHandlers) | undefined;
  readonly sent: Buffer[] = [];

  async bindDatagram(
    local: Address,
    handlers: NonNullable<FuzzNetwork['datagrams']>,
  ): Promise<DatagramSocket> {
    this.datagrams = handlers;
    return { local, send: (bytes) => this.keep(bytes), close: () => {} };
  }

  async listenStream(
    local: Address,
    onConnection: (connection: StreamConnection) => StreamHandlers,
  ): Promise<StreamListener> {
    this.streams = onConnection;
    return { local, close: () => {} };
  }

  async connectStream(): Promise<StreamConnection> {
    throw new Error('connection refused');
  }

  keep(bytes: Uint8Array): void {
    this.sent.push(Buffer.from(bytes));
    if (this.sent.length > 64) this.sent.shift();
  }
}

/** Transport, transactions and dialogs, with a user above that does anything at any time. */
export class UnderTest {
  readonly clock = new VirtualClock(undefined, async () => {});
  /** What the layers called a fault of their own. Must stay empty. */
  readonly faults: unknown[] = [];
  readonly #dice: Dice;
  readonly #network = new FuzzNetwork();
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #dialogs: DialogLayer;
  readonly #sessions: InviteSession[] = [];
  #flow: Flow | undefined;

  private constructor(dice: Dice) {
    this.#dice = dice;
    const { clock } = this;
    const random = seededRandom(dice.int(2 ** 31));
    const log = {
      ...silentLogger,
      error: (fields: object) => void this.faults.push((fields as { err?: unknown }).err ?? fields),
      child: () => log,
    };
    const limits = { flood: { ...FLOOD_LIMITS, isTrusted: () => true } };
    this.#transport = new TransportLayer({ network: this.#network, clock, random, log, limits });
    const transactions = new TransactionLayer({ transport: this.#transport, clock, random, log });
    this.#transactions = transactions;
    const flowTo = async (): Promise<Flow> => this.#openFlow();
    this.#dialogs = new DialogLayer({ transactions, clock, random, log, flowTo });
    this.#dialogs.user = this.#user();
  }

  static async make(dice: Dice): Promise<UnderTest> {
    const one = new UnderTest(dice);
    await one.#transport.listen({ transport: 'udp', ...LOCAL });
    await one.#transport.listen({ transport: 'tcp', ...LOCAL });
    one.#flow = await one.#transport.flowTo({ transport: 'udp', ...REMOTE });
    return one;
  }

  /** What we sent lately, to be answered or echoed. */
  get sent(): readonly Buffer[] {
    return this.#network.sent;
  }

  datagram(bytes: Buffer): void {
    this.#network.datagrams?.onMessage(bytes, { host: REMOTE.host, port: 5060 + this.#dice.int(3) });
  }

  /** One connection with these bytes in slices, then closed. */
  stream(bytes: Buffer): void {
    const connection: StreamConnection = {
      local: LOCAL,
      remote: { host: REMOTE.host, port: 30_000 + this.#dice.int(1_000) },
      write: (written) => this.#network.keep(written),
      close: () => closed(),
    };
    let isOpen = true;
    const handlers = this.#network.streams!(connection);
    const closed = (): void => {
      if (!isOpen) return;
      isOpen = false;
      handlers.onClose();
    };
    for (let at = 0; isOpen && at < bytes.length; ) {
      const next = at + 1 + this.#dice.int(200);
      handlers.onData(bytes.subarray(at, next));
      at = next;
    }
    closed();
  }

  /** Our own side moves: a call of ours, or something said in one that runs. */
  act(): void {
    if (this.#dice.once(3)) this.#keep(this.#call());
    else if (this.#sessions.length > 0) this.#move(this.#dice.pick(this.#sessions));
  }

  /** Ends everything and lets every timer run out; what is then alive is a leak. */
  async drain(): Promise<string[]> {
    for (const session of this.#sessions.splice(0)) session.end();
    await this.clock.advance(3 * 64 * 500);
    const left = {
      transactions: this.#transactions.counts.live,
      'finished transactions': this.#transactions.counts.finished,
      sessions: this.#dialogs.counts.sessions,
      dialogs: this.#dialogs.counts.dialogs,
      connections: this.#transport.openConnections,
    };
    return Object.entries(left).flatMap(([name, count]) => (count === 0 ? [] : [`${count} ${name}`]));
  }

  async close(): Promise<void> {
    this.#dialogs.close();
    this.#transactions.close();
    await this.#transport.close();
  }

  #openFlow(): Flow {
    if (this.#flow === undefined) throw new Error('not listening yet');
    return this.#flow;
  }

  #call(): InviteSession {
    const dice = this.#dice;
    return this.#dialogs.invite({
      flow: this.#openFlow(),
      requestUri: parseUri('sip:bob@10.0.0.2'),
      from: parseNameAddr('<sip:+442079460123@10.0.0.1>'),
      to: parseNameAddr('<sip:bob@10.0.0.2>'),
      callId: `ours-${dice.int(1e9)}`,
      contact: parseNameAddr('<sip:maskline@10.0.0.1:5060>'),
      sdp: SDP,
    });
  }

  #keep(session: InviteSession): void {
    this.#sessions.push(session);
    session.events.on('ended', () => {
      const at = this.#sessions.indexOf(session);
      if (at >= 0) this.#sessions.splice(at, 1);
    });
    session.events.on('reoffer', (offer) => (this.#dice.once(3) ? offer.reject(488) : offer.accept(SDP)));
    if (this.#sessions.length > SESSIONS) this.#sessions.shift()?.end();
  }

  #move(session: InviteSession): void {
    const body = { contentType: 'application/dtmf-relay', content: Buffer.from('Signal=1') };
    switch (this.#dice.int(5)) {
      case 0:
        session.end();
        break;
      case 1:
        if (session.state === 'confirmed') session.info(body).catch(() => {});
        break;
      default:
        if (session.role === 'uas') this.#answer(session as UasSession);
    }
  }

  #answer(session: UasSession): void {
    if (session.state !== 'proceeding') return;
    const dice = this.#dice;
    if (dice.once(3)) session.provisional(180 + dice.int(4), dice.once(2) ? { sdp: SDP } : {});
    else if (dice.once(4)) session.reject(400 + dice.int(200));
    else session.accept({ sdp: SDP });
  }

  #user(): DialogUser {
    const dice = this.#dice;
    return {
      onInvite: (transaction: InviteServerTransaction) => {
        if (dice.once(5)) {
          transaction.reply(486);
          return;
        }
        const contact = parseNameAddr('<sip:maskline@10.0.0.1:5060>');
        const session = this.#dialogs.acceptInvite(transaction, { contact });
        this.#keep(session);
        if (dice.once(2)) this.#answer(session);
      },
      onRequest: (transaction: ServerTransaction) => transaction.reply(dice.pick([200, 401, 404, 405, 500])),
    };
  }
}
