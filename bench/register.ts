/**
 * 10 000 REGISTERs with digest: 1000 accounts, each registered ten times (first time, then refreshed with another Call-ID
 * as a phone that was restarted does), SHA-256, each with the challenge and its answer: four messages. At most 50 are under
 * way at once; what is lost is repeated as RFC 3261 §17 wants.
 *
 * Measured: registrations a second, from first REGISTER to 200 p50 and p99, CPU of the server per registration, failures.
 *
 * Left out: TLS, phones behind NAT with keep-alive, a PostgreSQL server; the generator shares the two cores.
 *
 * Beside it: nothing was measured on the same machine; registrars without a database answer from memory.
 */
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { type BenchOptions, type BenchResult, percentile } from './figures.ts';
import { LOAD_HOST } from './sip-load-calls.ts';
import { field } from './sip-load-messages.ts';
import { Stage } from './stage.ts';

const ACCOUNTS = 1_000;
const ROUNDS = 10;
const AT_ONCE = 50;
const T1_MS = 500;
const GIVE_UP_MS = 32_000;
const PASSWORD = 'correct horse battery staple';

export async function benchRegister({ profiles }: BenchOptions): Promise<BenchResult> {
  const users = Array.from({ length: ACCOUNTS }, (_, index) => ({
    name: `phone${index}`,
    password: PASSWORD,
  }));
  const stage = await Stage.open({ profiles, users });
  const phones = await Phones.open(stage.port);
  try {
    await phones.registerAll(1, 'warm-up');
    const before = await stage.usage();
    const begun = performance.now();
    const result = await phones.registerAll(ROUNDS, 'measured');
    const seconds = (performance.now() - begun) / 1000;
    const after = await stage.usage();
    const count = ACCOUNTS * ROUNDS;
    return {
      name: 'register',
      figures: [
        {
          id: 'register.failed',
          what: `of ${count} registrations with digest failed`,
          measured: count - result.ms.length,
          unit: '',
          aim: { at: 'most', value: 0 },
          note: JSON.stringify(result.failures),
        },
        { id: 'register.rate', what: 'registrations with digest', measured: count / seconds, unit: '/s' },
        {
          id: 'register.p50',
          what: 'from the first REGISTER to 200, p50, 50 at once',
          measured: percentile(result.ms, 0.5),
          unit: 'ms',
        },
        { id: 'register.p99', what: 'the same, p99', measured: percentile(result.ms, 0.99), unit: 'ms' },
        {
          id: 'register.cpu',
          what: 'CPU of the server per registration',
          measured: (after.cpuMicros - before.cpuMicros) / 1000 / count,
          unit: 'ms',
        },
        {
          id: 'register.loop',
          what: 'event-loop delay of the main thread meanwhile, p99',
          measured: after.loopDelayP99Ms,
          unit: 'ms',
          aim: { at: 'most', value: 20 },
        },
      ],
      leavesOut: 'TLS, NAT keep-alive, a PostgreSQL server; the generator shares the two cores',
      peer: 'none: a registrar without a database answers from memory',
      details: { ...result, ms: undefined, retransmissions: result.retransmissions },
    };
  } finally {
    phones.close();
    await stage.close();
  }
}

interface Registration {
  readonly callId: string;
  readonly user: string;
  readonly startedAt: number;
  sequence: number;
  repeat: string;
  repeatAt: number;
  interval: number;
  readonly done: (status: number) => void;
}

interface RegisterReport {
  readonly ms: number[];
  readonly failures: Record<string, number>;
  readonly retransmissions: number;
}

class Phones {
  readonly #socket: Socket;
  readonly #server: number;
  readonly #open = new Map<string, Registration>();
  readonly #timer: NodeJS.Timeout;
  #retransmissions = 0;
  #count = 0;

  private constructor(socket: Socket, server: number) {
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (bytes) => this.#onAnswer(bytes.toString('latin1')));
    this.#timer = setInterval(() => this.#repeat(), 50);
  }

  static async open(server: number): Promise<Phones> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve) => socket.bind(0, LOAD_HOST, resolve));
    return new Phones(socket, server);
  }

  async registerAll(rounds: number, name: string): Promise<RegisterReport> {
    const ms: number[] = [];
    const failures: Record<string, number> = {};
    this.#retransmissions = 0;
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < ACCOUNTS * rounds) {
        const index = next++;
        const begun = performance.now();
        const status = await this.#register(`phone${index % ACCOUNTS}`, `${name}-${index}`);
        if (status === 200) ms.push(performance.now() - begun);
        else failures[status] = (failures[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return { ms, failures, retransmissions: this.#retransmissions };
  }

  #register(user: string, callId: string): Promise<number> {
    return new Promise((resolve) => {
      const now = performance.now();
      const registration: Registration = {
        ...{ callId, user, startedAt: now, sequence: 1 },
        ...{ repeat: '', repeatAt: now + T1_MS, interval: T1_MS },
        done: (status) => {
          this.#open.delete(callId);
          resolve(status);
        },
      };
      this.#open.set(callId, registration);
      this.#send(registration, '');
    });
  }

  #send(one: Registration, authorization: string): void {
    const { port } = this.#socket.address();
    one.repeat = [
      'REGISTER sip:maskline.local SIP/2.0',
      `Via: SIP/2.0/UDP ${LOAD_HOST}:${port};rport;branch=z9hG4bKr${++this.#count}`,
      'Max-Forwards: 70',
      `From: <sip:${one.user}@maskline.local>;tag=${one.callId}`,
      `To: <sip:${one.user}@maskline.local>`,
      `Call-ID: ${one.callId}`,
      `CSeq: ${one.sequence} REGISTER`,
      `Contact: <sip:${one.user}@${LOAD_HOST}:${port}>`,
      'Expires: 300',
      ...(authorization === '' ? [] : [authorization]),
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
    one.repeatAt = performance.now() + T1_MS;
    one.interval = T1_MS;
    this.#write(one.repeat);
  }

  #write(text: string): void {
    this.#socket.send(Buffer.from(text, 'latin1'), this.#server, LOAD_HOST);
  }

  #onAnswer(text: string): void {
    const one = this.#open.get(field(text, 'Call-ID'));
    if (one === undefined || !field(text, 'CSeq').startsWith(`${one.sequence} `)) return;
    const status = Number(text.slice(8, 11));
    if (status === 100) return;
    const challenge = /WWW-Authenticate: Digest ([^\r]*SHA-256[^\r]*)/.exec(text)?.[1];
    if (status !== 401 || one.sequence > 1 || challenge === undefined) {
      one.done(status);
      return;
    }
    one.sequence += 1;
    this.#send(one, answerTo(challenge, one.user));
  }

  #repeat(): void {
    const now = performance.now();
    for (const one of this.#open.values()) {
      if (now - one.startedAt > GIVE_UP_MS) one.done(408);
      else if (now >= one.repeatAt) {
        this.#retransmissions += 1;
        one.interval = Math.min(one.interval * 2, 4_000);
        one.repeatAt = now + one.interval;
        this.#write(one.repeat);
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

/** RFC 7616 §3.4.1, computed anew for each challenge as a phone does. */
function answerTo(challenge: string, user: string): string {
  const part = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const [realm, nonce] = [part('realm'), part('nonce')];
  const uri = 'sip:maskline.local';
  const a1 = hash(`${user}:${realm}:${PASSWORD}`);
  const response = hash(`${a1}:${nonce}:00000001:abcdef:auth:${hash(`REGISTER:${uri}`)}`);
  return `Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="abcdef", response="${response}"`;
}
