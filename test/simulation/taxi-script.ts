import type { HostCommand, HostEvent } from '../../src/scenario/protocol.ts';
import { SERVICE_NUMBER } from './numbers.ts';
import type { ScriptPlan } from './plan.ts';

type CallState = 'alerting' | 'dialling' | 'connected' | 'over';
interface Known {
  readonly id: string;
  readonly incoming: boolean;
  state: CallState;
}

/** Events about a call that may come after its end: its recording is finished then. */
const AFTER_END: ReadonlySet<string> = new Set([
  'call-record-started',
  'call-record-stopped',
  'call-record-error',
  'playback-finished',
  // The answer to what the script said about a transfer.
  'call-transfer-ended',
]);
const END_TIMER = 1;
const TALK_TIMER = 2;
const TALK_MS = 700;
const NO_HEADERS = {};

/** What a masked call's script does, in several styles. One event in, commands out. */
export class TaxiScript {
  readonly #plan: ScriptPlan;
  readonly #backend: string;
  readonly #fault: (what: string) => void;
  readonly #calls = new Map<string, Known>();
  #commands: HostCommand[] = [];
  /** Numbers that were not dialled yet. */
  #numbers: string[] = [];
  #nextId = 1;
  #winner: Known | undefined;
  #ended = false;
  #talks = 0;

  constructor(plan: ScriptPlan, backend: string, fault: (what: string) => void) {
    this.#plan = plan;
    this.#backend = backend;
    this.#fault = fault;
  }

  handle(event: HostEvent): readonly HostCommand[] {
    this.#commands = [];
    const call = 'callId' in event ? this.#watched(event.type, event.callId) : undefined;
    this.#on(event, call);
    return this.#commands;
  }

  /** The rules that a script may rely on. */
  #watched(type: HostEvent['type'], callId: string): Known | undefined {
    const call = this.#calls.get(callId);
    if (call === undefined) this.#fault(`the script hears ${type} of a call that it does not know`);
    else if (call.state === 'over' && !AFTER_END.has(type))
      this.#fault(`the script hears ${type} after the end`);
    return call;
  }

  #on(event: HostEvent, call: Known | undefined): void {
    switch (event.type) {
      case 'call-alerting':
        this.#alerting({ id: event.call.callId, incoming: true, state: 'alerting' });
        return;
      case 'http-response':
        this.#answered(event.result.code, event.result.text ?? '');
        return;
      case 'timer':
        this.#timer(event.timerId);
        return;
      case 'playback-finished':
        if (this.#plan.style === 'ivr') this.#endAll();
        return;
      case 'terminating':
        this.#ended = true;
        this.#ask('last-words');
        return;
      default:
        if (call !== undefined) this.#ofCall(event, call);
    }
  }

  #alerting(call: Known): void {
    this.#calls.set(call.id, call);
    const { style, endsAfter } = this.#plan;
    if (endsAfter !== undefined)
      this.#say({ type: 'timer-set', timerId: END_TIMER, ms: endsAfter, repeat: false });
    if (style === 'reject') {
      this.#say({ type: 'call-reject', callId: call.id, code: 403, headers: NO_HEADERS });
      return;
    }
    if (style === 'answer-first' || style === 'ivr') this.#simple('call-answer', call);
    if (style === 'ivr') {
      const source = { kind: 'say', text: 'hello', language: 'en', voice: '' } as const;
      this.#say({ type: 'call-play', callId: call.id, source, loop: false });
      return;
    }
    if (style === 'answer-first') {
      const source = { kind: 'progress-tone', country: 'RU' } as const;
      this.#say({ type: 'call-play', callId: call.id, source, loop: true });
    }
    this.#ask('route');
  }

  #ask(what: string): void {
    this.#say({
      type: 'http-request',
      requestId: this.#nextId++,
      method: 'POST',
      url: `${this.#backend}/calls/${what}`,
      headers: [],
      body: '{}',
      timeoutSeconds: 5,
      connectTimeoutSeconds: undefined,
      raw: false,
    });
  }

  #answered(code: number, text: string): void {
    const caller = this.#caller();
    if (this.#ended || caller === undefined || caller.state === 'over' || this.#numbers.length > 0) return;
    try {
      if (code !== 200) throw new Error('no route');
      const { connect, more } = JSON.parse(text) as { connect: string; more: string[] };
      this.#numbers = [connect, ...more];
    } catch {
      this.#end(caller, code === 404 ? 404 : 503);
      return;
    }
    this.#dial();
    if (this.#plan.style === 'both') this.#dial();
  }

  #dial(): void {
    const number = this.#numbers.shift();
    if (number === undefined) return;
    const call: Known = { id: `out-${this.#nextId++}`, incoming: false, state: 'dialling' };
    this.#calls.set(call.id, call);
    this.#say({
      type: 'dial',
      callId: call.id,
      target: { kind: 'pstn', number },
      callerid: SERVICE_NUMBER,
      displayName: '',
      headers: { 'X-Trip': '42' },
    });
  }

  #ofCall(event: HostEvent, call: Known): void {
    const caller = this.#caller();
    switch (event.type) {
      case 'call-ringing':
        if (caller?.state === 'alerting') this.#simple('call-ring', caller);
        return;
      case 'call-audio-started':
        if (caller?.state === 'alerting') this.#simple('call-early-media', caller);
        this.#join(call);
        return;
      case 'call-connected':
        this.#connected(call);
        return;
      case 'call-failed':
      case 'call-disconnected':
        this.#over(call, event.code);
        return;
      case 'call-transfer-requested':
        this.#say({ type: 'call-transfer-result', callId: call.id, code: 486, reason: '' });
        return;
      case 'call-rtp-stopped':
        // Nobody is heard for half a minute: the script's own way to end a dead call.
        this.#simple('call-hangup', call);
        return;
      default:
    }
  }

  #connected(call: Known): void {
    call.state = 'connected';
    if (this.#plan.talks) this.#say({ type: 'call-handle-transfer', callId: call.id, on: true });
    const caller = this.#caller();
    if (call.incoming) {
      if (this.#plan.records) this.#say({ type: 'call-record', callId: call.id, stereo: true, wish: {} });
      if (this.#winner !== undefined) this.#join(this.#winner);
      return;
    }
    if (caller === undefined || caller.state === 'over' || this.#winner !== undefined) {
      this.#simple('call-hangup', call);
      return;
    }
    this.#winner = call;
    for (const other of this.#calls.values())
      if (!other.incoming && other !== call && other.state !== 'over') this.#simple('call-hangup', other);
    if (caller.state === 'alerting') this.#simple('call-answer', caller);
    else this.#say({ type: 'call-stop-playback', callId: caller.id });
    this.#join(call);
    if (this.#plan.talks || this.#plan.holds)
      this.#say({ type: 'timer-set', timerId: TALK_TIMER, ms: TALK_MS, repeat: true });
  }

  #join(call: Known): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const [a, b] = [caller.id, call.id].map((id) => ({ kind: 'call', id }) as const);
    if (a === undefined || b === undefined) return;
    this.#say({ type: 'media-connect', from: b, to: a });
    this.#say({ type: 'media-connect', from: a, to: b });
  }

  #over(call: Known, code: number): void {
    call.state = 'over';
    const caller = this.#caller();
    const others = [...this.#calls.values()].filter(({ state }) => state !== 'over');
    if (call.incoming) {
      for (const other of others) this.#simple('call-hangup', other);
    } else if (call === this.#winner || this.#winner === undefined) {
      const trying = call !== this.#winner && others.some(({ incoming }) => !incoming);
      const more = this.#plan.style === 'hunt' && call !== this.#winner && this.#numbers.length > 0;
      if (more && caller !== undefined && caller.state !== 'over') this.#dial();
      else if (!trying && caller !== undefined && caller.state !== 'over') this.#end(caller, code);
    }
    if ([...this.#calls.values()].every(({ state }) => state === 'over')) this.#say({ type: 'terminate' });
  }

  #end(caller: Known, code: number): void {
    if (caller.state !== 'alerting') this.#simple('call-hangup', caller);
    else
      this.#say({
        type: 'call-reject',
        callId: caller.id,
        code: code >= 400 && code < 700 ? code : 480,
        headers: NO_HEADERS,
      });
  }

  #endAll(): void {
    for (const call of this.#calls.values()) if (call.state !== 'over') this.#simple('call-hangup', call);
  }

  #timer(id: number): void {
    if (id === END_TIMER) {
      this.#endAll();
      return;
    }
    this.#talks += 1;
    const talking = [...this.#calls.values()].filter(({ state }) => state === 'connected');
    const call = talking[this.#talks % 2];
    if (call === undefined) return;
    if (this.#talks > 4) this.#say({ type: 'timer-clear', timerId: TALK_TIMER });
    if (this.#plan.holds)
      this.#say({
        type: this.#talks % 2 === 1 ? 'call-hold' : 'call-unhold',
        callId: talking[0]?.id ?? call.id,
      });
    if (this.#plan.talks) {
      this.#say({
        type: 'call-send-info',
        callId: call.id,
        mimeType: 'application/x-taxi',
        body: 'where are you',
        headers: NO_HEADERS,
      });
      this.#say({ type: 'call-send-message', callId: call.id, text: 'on my way' });
      this.#say({ type: 'call-send-digits', callId: call.id, digits: '12#' });
    }
  }

  #caller(): Known | undefined {
    return [...this.#calls.values()].find(({ incoming }) => incoming);
  }

  #simple(type: 'call-answer' | 'call-ring' | 'call-early-media' | 'call-hangup', call: Known): void {
    this.#say({ type, callId: call.id, headers: NO_HEADERS });
  }

  #say(command: HostCommand): void {
    this.#commands.push(command);
  }
}
