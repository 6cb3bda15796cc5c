/** Listens to calls that were answered: who it was, and whether it beeps. */
import type { Call } from '../../call/types.ts';
import type { TimerHandle } from '../../kernel/clock.ts';
import type { MediaListener } from '../../media/engine.ts';
import { AnsweringMachine } from '../../speech/answering-machine.ts';
import { BeepDetector } from '../../speech/beep-detector.ts';
import type { AmdCommand, AmdEvent } from '../parts/amd-protocol.ts';
import type { HostPart } from './host-part.ts';
import type { SessionContext, Untimed } from './session-context.ts';

type Start = Extract<AmdCommand, { type: 'amd-start' }>;
type BeepStart = Extract<AmdCommand, { type: 'amd-beep-start' }>;
type Outcome = Extract<AmdEvent, { type: 'amd-complete' }>['resultClass'];

/** What listens to one call, until it is stopped. */
interface Ear {
  readonly callId: string;
  listener: MediaListener | undefined;
  timer: TimerHandle | undefined;
  over: boolean;
  readonly unwatch: (() => void)[];
}

const CHUNK_MS = 100;

export class SessionDetectors implements HostPart {
  readonly #context: SessionContext;
  /** By id of the detector, and by `beep:` and id of the call. */
  readonly #ears = new Map<string, Ear>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: AmdCommand): void {
    if (command.type === 'amd-start') this.#detect(command);
    else if (command.type === 'amd-beep-start') this.#awaitBeep(command);
    else this.#stop(`beep:${command.callId}`);
  }

  close(): void {
    for (const key of [...this.#ears.keys()]) this.#stop(key);
  }

  #detect({ amdId, callId, timeoutMs }: Start): void {
    if (this.#ears.has(amdId)) return;
    const tell = (resultClass: Outcome, confidence: number): void => {
      this.#stop(amdId);
      this.#context.post({ type: 'amd-complete', amdId, resultClass, confidence });
    };
    const call = this.#callOf(callId);
    if (call === undefined) {
      tell('CALL_ENDED', 100);
      return;
    }
    const ear = this.#add(amdId, callId);
    const machine = new AnsweringMachine();
    this.#onEnd(ear, call, () => tell('CALL_ENDED', 100));
    this.#whenAnswered(ear, call, () => {
      ear.timer = this.#context.services.clock.setTimeout(() => tell('TIMEOUT', 0), timeoutMs);
      this.#listen(
        amdId,
        ear,
        call,
        (samples) => {
          const verdict = machine.push(samples);
          if (verdict !== undefined)
            tell(verdict.who === 'human' ? 'HUMAN' : 'VOICEMAIL', verdict.confidence);
        },
        { type: 'amd-error', amdId, message: 'The call has no sound.' },
      );
    });
  }

  #awaitBeep({ callId, frequencies, timeoutMs }: BeepStart): void {
    const key = `beep:${callId}`;
    this.#stop(key);
    const call = this.#callOf(callId);
    if (call === undefined) return;
    const { post, services } = this.#context;
    const ear = this.#add(key, callId);
    const detector = new BeepDetector(frequencies);
    this.#onEnd(ear, call, () => this.#stop(key));
    this.#whenAnswered(ear, call, () => {
      if (timeoutMs > 0)
        ear.timer = services.clock.setTimeout(() => {
          this.#stop(key);
          post({ type: 'amd-beep', callId });
        }, timeoutMs);
      this.#listen(
        key,
        ear,
        call,
        (samples) => {
          const frequency = detector.push(samples);
          if (frequency === undefined) return;
          this.#stop(key);
          post({ type: 'amd-beep', callId, frequency });
        },
        { type: 'amd-beep-error', callId, reason: 'The call has no sound.' },
      );
    });
  }

  #callOf(callId: string): Call | undefined {
    const call = this.#context.calls.get(callId)?.call;
    return call === undefined || call.state === 'TERMINATED' ? undefined : call;
  }

  #add(key: string, callId: string): Ear {
    const ear: Ear = { callId, listener: undefined, timer: undefined, over: false, unwatch: [] };
    this.#ears.set(key, ear);
    return ear;
  }

  #onEnd(ear: Ear, call: Call, then: () => void): void {
    ear.unwatch.push(call.events.on('failed', then), call.events.on('disconnected', then));
  }

  #whenAnswered(ear: Ear, call: Call, then: () => void): void {
    if (call.state === 'CONNECTED') then();
    else ear.unwatch.push(call.events.on('connected', then));
  }

  #listen(
    key: string,
    ear: Ear,
    call: Call,
    take: (samples: Int16Array) => void,
    fault: Untimed<AmdEvent>,
  ): void {
    const { media, post } = this.#context;
    call.whenMedia().then(
      (leg) => {
        if (ear.over) return;
        ear.listener = media.createListener({ rate: 8000, chunkMs: CHUNK_MS });
        ear.listener.events.on('audio', ({ samples }) => {
          if (!ear.over) take(samples);
        });
        media.connect(leg, ear.listener);
      },
      () => {
        if (ear.over) return;
        this.#stop(key);
        post(fault);
      },
    );
  }

  #stop(key: string): void {
    const ear = this.#ears.get(key);
    if (ear === undefined) return;
    this.#ears.delete(key);
    ear.over = true;
    this.#context.services.clock.clearTimeout(ear.timer);
    for (const unwatch of ear.unwatch) unwatch();
    ear.listener?.close();
  }
}
