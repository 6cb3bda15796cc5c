/**
 * The calls of the load generator, both ends of each: driver and passenger. What was lost is repeated, as RFC 3261 §17
 * wants; what got nowhere within ten seconds has failed: it is cancelled or hung up, as by people who give up, so that a server
 * that was behind for a moment has no more to do afterwards than it would have.
 *
 * The number that is called says which call it is: nothing else of the driver's leg may show up on the passenger's.
 */
import type { Socket } from 'node:dgram';
import { type CallNames, field, Messages, mediaPort } from './sip-load-messages.ts';
import { Talk, type TalkReport } from './sip-load-talk.ts';

export const LOAD_HOST = '127.0.0.1';
/** The range that Ofcom keeps for drama, one half for drivers, one for passengers; so this many calls at once. */
export const SLOTS = 500;
export const SERVICE_NUMBER = '+442079460123';
/** Another number of the company; where there is one, it takes the calls of orders that name it. */
export const DIRECT_NUMBER = '+442079460124';
/** T1, T2 of RFC 3261 §17, and when a call that got nowhere has failed. */
const T1_MS = 500;
const T2_MS = 4000;
const GIVE_UP_MS = 10_000;
const TICK_MS = 20;

export interface LoadOrder {
  readonly perSecond: number;
  /** Stops starting calls after so many. */
  readonly calls: number;
  /** From the ACK to the BYE; Infinity is written -1: until `hangup`. */
  readonly holdMs: number;
  /** What the drivers dial; absent: the taxi company's number. */
  readonly number?: string;
}

export interface LoadReport {
  readonly started: number;
  /** Calls that both ends have left; with `holdMs` -1, those that were connected. */
  readonly completed: number;
  /** What the others ended with: a status, or where they got stuck. */
  readonly failures: Readonly<Record<string, number>>;
  /** From the INVITE's send call until the passenger's INVITE was received, ms, one per call. */
  readonly setupMs: readonly number[];
  readonly retransmissions: number;
  /** From first INVITE to last answer. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Worst delay of this process's own pace, ms: what it may have added to a measured time. */
  readonly lateMs: number;
}

/** 64·T1: so long, late answers to a call that was given up are still answered. */
const LINGER_MS = 32_000;

type Phase = 'inviting' | 'ringing' | 'connected' | 'leaving' | 'done' | 'failed';

interface Call extends CallNames {
  readonly slot: number;
  phase: Phase;
  readonly startedAt: number;
  /** What is repeated until answered, and when next. */
  repeat: string;
  repeatAt: number;
  interval: number;
  giveUpAt: number;
  hangupAt: number;
  setupMs: number;
  target: string;
  toTag: string;
  driverLeft: boolean;
  passengerLeft: boolean;
  /** The server's ports for sound: where the driver sends, and where the passenger does. */
  driverMedia: number;
  passengerMedia: number;
  /** The passenger's 200 to the INVITE, repeated until the ACK. */
  answer: string;
  answerAt: number;
  answerInterval: number;
}

export class Load {
  readonly #driver: Socket;
  readonly #passenger: Socket;
  readonly #rtp: Socket;
  readonly #talk: Talk;
  #messages: Messages | undefined;
  #server = 0;
  readonly #slots: (Call | undefined)[] = new Array<Call | undefined>(SLOTS).fill(undefined);
  readonly #byCallId = new Map<string, Call>();
  /** Given up; the oldest first. */
  readonly #abandoned = new Map<string, Call>();
  #holdMs = 0;
  #nextSlot = 0;
  #count = 0;
  #setups: number[] = [];
  #completed = 0;
  #failures: Record<string, number> = {};
  #retransmissions = 0;
  #lateMs = 0;

  constructor(driver: Socket, passenger: Socket, rtp: Socket) {
    this.#driver = driver;
    this.#passenger = passenger;
    this.#rtp = rtp;
    this.#talk = new Talk(rtp, LOAD_HOST);
    driver.on('message', (bytes) => this.#onDriver(bytes.toString('latin1'), performance.now()));
    passenger.on('message', (bytes) => this.#onPassenger(bytes.toString('latin1'), performance.now()));
  }

  aim(server: number): void {
    this.#server = server;
    const port = (socket: Socket): number => socket.address().port;
    const [driver, passenger, rtp] = [port(this.#driver), port(this.#passenger), port(this.#rtp)];
    this.#messages = new Messages({ host: LOAD_HOST, server, driver, passenger, rtp });
  }

  async run({ perSecond, calls, holdMs, number = SERVICE_NUMBER }: LoadOrder): Promise<LoadReport> {
    this.#setups = [];
    this.#completed = 0;
    this.#failures = {};
    this.#retransmissions = 0;
    this.#lateMs = 0;
    this.#holdMs = holdMs < 0 ? Number.POSITIVE_INFINITY : holdMs;
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    let started = 0;
    let sweepAt = startedAt;
    while (started < calls || this.#isBusy()) {
      const now = performance.now();
      const due = Math.min(calls, Math.floor(((now - startedAt) / 1000) * perSecond) + 1);
      for (; started < due; started++) {
        this.#lateMs = Math.max(this.#lateMs, now - startedAt - (started / perSecond) * 1000);
        this.#startCall(number);
      }
      if (now >= sweepAt) {
        this.#sweep(now);
        sweepAt = now + TICK_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const { user, system } = process.cpuUsage(cpu);
    return {
      started,
      completed: this.#completed,
      failures: this.#failures,
      setupMs: this.#setups,
      retransmissions: this.#retransmissions,
      seconds: (performance.now() - startedAt) / 1000,
      cpuSeconds: (user + system) / 1e6,
      lateMs: this.#lateMs,
    };
  }

  /** Lets both sides of every connected call speak for so long. */
  talk(ms: number): Promise<TalkReport> {
    return this.#talk.run(ms);
  }

  /** As many packets as so many calls have, sent to ourselves. Only while no call is up. */
  async loopback(calls: number, ms: number): Promise<TalkReport> {
    const { port } = this.#rtp.address();
    for (let i = 0; i < calls; i++) this.#talk.add(port, port);
    try {
      return await this.#talk.run(ms);
    } finally {
      for (let i = 0; i < calls; i++) this.#talk.forget(port);
    }
  }

  /** Ends calls that were held without end, and waits for them. */
  async hangup(): Promise<LoadReport> {
    for (const call of this.#byCallId.values()) call.hangupAt = 0;
    return await this.run({ perSecond: 1, calls: 0, holdMs: 0 });
  }

  /** Calls that still move by themselves. */
  #isBusy(): boolean {
    for (const call of this.#byCallId.values()) {
      if (call.phase !== 'connected' || call.hangupAt !== Number.POSITIVE_INFINITY) return true;
    }
    return false;
  }

  #startCall(serviceNumber: string): void {
    let tries = 0;
    while (this.#slots[this.#nextSlot] !== undefined && tries++ < SLOTS)
      this.#nextSlot = (this.#nextSlot + 1) % SLOTS;
    if (tries > SLOTS) {
      this.#note('generator out of numbers');
      return;
    }
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % SLOTS;
    const now = performance.now();
    const names: CallNames = {
      callId: `c${process.pid}x${++this.#count}`,
      driverNumber: `+447700900${String(slot).padStart(3, '0')}`,
      serviceNumber,
    };
    const call: Call = {
      ...names,
      slot,
      phase: 'inviting',
      startedAt: now,
      repeat: this.#messages!.invite(names),
      repeatAt: now + T1_MS,
      interval: T1_MS,
      giveUpAt: now + GIVE_UP_MS,
      hangupAt: Number.POSITIVE_INFINITY,
      setupMs: Number.NaN,
      target: '',
      toTag: '',
      driverLeft: false,
      passengerLeft: false,
      driverMedia: 0,
      passengerMedia: 0,
      answer: '',
      answerAt: 0,
      answerInterval: T1_MS,
    };
    this.#slots[slot] = call;
    this.#byCallId.set(call.callId, call);
    this.#send(this.#driver, call.repeat);
  }

  #onDriver(text: string, now: number): void {
    const callId = field(text, 'Call-ID');
    const abandoned = this.#abandoned.get(callId);
    if (abandoned !== undefined) this.#afterwards(abandoned, text);
    const call = this.#byCallId.get(callId);
    if (call === undefined) return;
    if (!text.startsWith('SIP/2.0 ')) this.#driverIsAsked(call, text);
    else if (field(text, 'CSeq').endsWith('BYE')) this.#onByeAnswered(call, Number(text.slice(8, 11)));
    else this.#onInviteAnswered(call, Number(text.slice(8, 11)), text, now);
  }

  /** What still comes for a call that was given up. */
  #afterwards(call: Call, text: string): void {
    if (!text.startsWith('SIP/2.0 ')) {
      if (!text.startsWith('ACK ')) this.#send(this.#driver, this.#messages!.answer(text, '200 OK', false));
      return;
    }
    const [status, to] = [Number(text.slice(8, 11)), field(text, 'To')];
    call.toTag = to.slice(to.indexOf(';tag='));
    if (!field(text, 'CSeq').endsWith('INVITE')) return;
    if (status < 200) this.#send(this.#driver, this.#messages!.cancel(call));
    else if (status >= 300) this.#send(this.#driver, this.#messages!.ackFailure(call, call.toTag));
    else {
      call.target = field(text, 'Contact').replace(/^.*<|>.*$/g, '');
      this.#send(this.#driver, this.#messages!.inDialog('ACK', call, call.target, call.toTag));
      this.#send(this.#driver, this.#messages!.inDialog('BYE', call, call.target, call.toTag));
    }
  }

  #giveUp(call: Call, now: number): void {
    // A CANCEL before the first response would be lost on the server (§9.1): it follows that response.
    if (call.phase !== 'leaving' && call.repeat === '')
      this.#send(this.#driver, this.#messages!.cancel(call));
    call.giveUpAt = now + LINGER_MS;
    this.#abandoned.set(call.callId, call);
    this.#end(call, `stuck ${call.phase}`);
  }

  #onByeAnswered(call: Call, status: number): void {
    if (status > 200) this.#end(call, `BYE ${status}`);
    call.repeat = '';
    call.driverLeft = true;
    this.#endIfBothLeft(call);
  }

  #onInviteAnswered(call: Call, status: number, text: string, now: number): void {
    // From the first response on, an INVITE is not repeated (RFC 3261 §17.1.1.2); a BYE under way goes on.
    if (call.phase === 'inviting' || call.phase === 'ringing') call.repeat = '';
    if (status < 200) return;
    const to = field(text, 'To');
    call.toTag = to.slice(to.indexOf(';tag='));
    if (status >= 300) {
      this.#send(this.#driver, this.#messages!.ackFailure(call, call.toTag));
      this.#end(call, `INVITE ${status}`);
      return;
    }
    call.target = field(text, 'Contact').replace(/^.*<|>.*$/g, '');
    this.#send(this.#driver, this.#messages!.inDialog('ACK', call, call.target, call.toTag));
    if (call.phase !== 'inviting' && call.phase !== 'ringing') return;
    call.phase = 'connected';
    call.driverMedia = mediaPort(text);
    this.#talk.add(call.driverMedia, call.passengerMedia);
    call.hangupAt = now + this.#holdMs;
    if (this.#holdMs === Number.POSITIVE_INFINITY) this.#completed += 1;
  }

  /** The server hung up first, or asks something that was not foreseen: either is a failure. */
  #driverIsAsked(call: Call, text: string): void {
    this.#send(this.#driver, this.#messages!.answer(text, '200 OK', false));
    const method = text.slice(0, text.indexOf(' '));
    if (method !== 'ACK') this.#end(call, `server sent ${method}`);
  }

  #onPassenger(text: string, now: number): void {
    if (text.startsWith('SIP/2.0 ')) return;
    const call = this.#slots[slotOf(text)];
    if (text.startsWith('INVITE ')) this.#ring(text, now);
    else if (text.startsWith('ACK ')) {
      if (call !== undefined) call.answer = '';
    } else {
      this.#send(this.#passenger, this.#messages!.answer(text, '200 OK', false));
      if (call !== undefined && text.startsWith('BYE ')) this.#passengerIsLeft(call);
    }
  }

  #passengerIsLeft(call: Call): void {
    if (call.phase !== 'leaving') this.#end(call, 'server sent BYE to the passenger');
    call.passengerLeft = true;
    this.#endIfBothLeft(call);
  }

  #ring(text: string, now: number): void {
    const call = this.#slots[Number(/^INVITE sip:\+?447700900(\d{3})@/.exec(text)?.[1]) - SLOTS];
    if (call === undefined || call.phase === 'failed') {
      this.#send(this.#passenger, this.#messages!.answer(text, '486 Busy Here', false));
      return;
    }
    if (call.phase === 'inviting') {
      call.phase = 'ringing';
      call.setupMs = now - call.startedAt;
      this.#setups.push(call.setupMs);
      call.passengerMedia = mediaPort(text);
      call.answer = this.#messages!.answer(text, '200 OK', true).replace(
        '<sip:passenger@',
        `<sip:s${call.slot}@`,
      );
      call.answerAt = now + T1_MS;
      this.#send(this.#passenger, this.#messages!.answer(text, '180 Ringing', false));
    } else this.#retransmissions += 1;
    if (call.answer !== '') this.#send(this.#passenger, call.answer);
  }

  #sweep(now: number): void {
    for (const [callId, call] of this.#abandoned) {
      if (now < call.giveUpAt) break;
      this.#abandoned.delete(callId);
    }
    for (const call of this.#byCallId.values()) {
      if (call.phase === 'connected' && now >= call.hangupAt) this.#hangUp(call, now);
      else if (call.phase !== 'connected' && now >= call.giveUpAt) this.#giveUp(call, now);
      else if (call.repeat !== '' && now >= call.repeatAt) {
        this.#send(this.#driver, call.repeat);
        this.#retransmissions += 1;
        call.interval = Math.min(2 * call.interval, T2_MS);
        call.repeatAt = now + call.interval;
      }
      if (call.answer !== '' && now >= call.answerAt) {
        this.#send(this.#passenger, call.answer);
        this.#retransmissions += 1;
        call.answerInterval = Math.min(2 * call.answerInterval, T2_MS);
        call.answerAt = now + call.answerInterval;
      }
    }
  }

  #hangUp(call: Call, now: number): void {
    call.phase = 'leaving';
    call.repeat = this.#messages!.inDialog('BYE', call, call.target, call.toTag);
    call.interval = T1_MS;
    call.repeatAt = now + T1_MS;
    call.giveUpAt = now + GIVE_UP_MS;
    this.#send(this.#driver, call.repeat);
  }

  #endIfBothLeft(call: Call): void {
    if (call.phase === 'leaving' && call.driverLeft && call.passengerLeft) this.#end(call, undefined);
  }

  #end(call: Call, failure: string | undefined): void {
    if (call.phase === 'failed' || call.phase === 'done') return;
    if (failure === undefined) this.#completed += 1;
    else this.#note(failure);
    call.phase = failure === undefined ? 'done' : 'failed';
    this.#slots[call.slot] = undefined;
    this.#byCallId.delete(call.callId);
    this.#talk.forget(call.driverMedia);
  }

  #note(failure: string): void {
    this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
  }

  #send(socket: Socket, text: string): void {
    socket.send(Buffer.from(text, 'latin1'), this.#server, LOAD_HOST);
  }

  close(): void {
    for (const socket of [this.#driver, this.#passenger, this.#rtp]) socket.close();
  }
}

/** The slot stands in the Contact that the passenger gave, and so in the Request-URI of what follows. */
const slotOf = (text: string): number => Number(/^[A-Z]+ sip:s(\d+)@/.exec(text)?.[1] ?? -1);
