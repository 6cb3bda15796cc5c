/** Recordings: of a call (`call.record`), and of whatever is sent to a `Recorder`. */
import type { MediaRecorder } from '../../media/engine.ts';
import type { RecordingPlace } from '../ports.ts';
import type { RecordWish } from '../protocol.ts';
import { RecorderInputs } from './recorder-inputs.ts';
import { messageOf, type SessionCall, type SessionContext } from './session-context.ts';

interface Recording {
  readonly recorder: MediaRecorder;
  readonly place: RecordingPlace;
}

interface Reports {
  readonly started: (url: string) => void;
  readonly stopped: (url: string, seconds: number) => void;
  readonly failed: (error: string) => void;
}

export class SessionRecorders {
  readonly #context: SessionContext;
  readonly #open = new Set<Recording>();
  readonly #byId = new Map<string, Recording & { readonly inputs: RecorderInputs }>();
  readonly #recordedCalls = new Set<string>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** From the moment the call has media until it ends. Left is what the leg says, right what it hears. */
  recordCall(owned: SessionCall, stereo: boolean, wish: RecordWish): void {
    const { id: callId, call } = owned;
    const { media, post, log } = this.#context;
    if (this.#recordedCalls.has(callId)) {
      log('warn', 'The call is recorded already.');
      return;
    }
    this.#recordedCalls.add(callId);
    call.whenMedia().then(
      (leg) => {
        if (call.state === 'TERMINATED') return;
        const recording = this.#begin(call.id, stereo ? 2 : 1, wish, {
          started: (url) => post({ type: 'call-record-started', callId, url }),
          stopped: (url, durationSeconds) =>
            post({ type: 'call-record-stopped', callId, url, durationSeconds }),
          failed: (error) => post({ type: 'call-record-error', callId, error }),
        });
        if (recording === undefined) return;
        media.connect(leg, recording.recorder.left);
        media.tap(leg, recording.recorder.right);
        const finish = (): void => recording.recorder.close();
        call.events.on('disconnected', finish);
        call.events.on('failed', finish);
      },
      () => {
        // The call ended before it had any sound; there is nothing to record and nothing to report.
      },
    );
  }

  create(recorderId: string, wish: RecordWish): void {
    const { post, request, sessionId, graph, media, services } = this.#context;
    if (this.#byId.has(recorderId)) return;
    const { recorders } = services.limits;
    if (this.#byId.size >= recorders) {
      post({ type: 'recorder-error', recorderId, error: `A session has at most ${recorders} recorders.` });
      return;
    }
    // A recording belongs to a leg in the records; this one to the call that began the session, if there is one.
    const recording = this.#begin(request.inbound?.call.id ?? sessionId, 2, wish, {
      started: (url) => post({ type: 'recorder-started', recorderId, url }),
      stopped: (url, durationSeconds) => {
        this.#forget(recorderId);
        post({ type: 'recorder-stopped', recorderId, url, durationSeconds });
      },
      failed: (error) => {
        this.#forget(recorderId);
        post({ type: 'recorder-error', recorderId, error });
      },
    });
    if (recording === undefined) return;
    const inputs = new RecorderInputs(recorderId, recording.recorder, graph, () => media.createMixer());
    this.#byId.set(recorderId, { ...recording, inputs });
  }

  feed(recorderId: string, source: string): void {
    const known = this.#byId.get(recorderId);
    if (known !== undefined && !known.inputs.add(source))
      this.#context.log('warn', 'A recorder has as many sources as it takes; one more is not heard.');
  }

  unfeed(recorderId: string, source: string): void {
    this.#byId.get(recorderId)?.inputs.remove(source);
  }

  /** Silence is recorded meanwhile; who feeds the recorder stays connected. */
  mute(recorderId: string, on: boolean): void {
    this.#byId.get(recorderId)?.recorder.mute(on);
  }

  stop(recorderId: string): void {
    this.#byId.get(recorderId)?.recorder.close();
    this.#forget(recorderId);
  }

  #forget(recorderId: string): void {
    this.#byId.get(recorderId)?.inputs.close();
    this.#byId.delete(recorderId);
  }

  close(): void {
    for (const { recorder } of this.#open) recorder.close();
  }

  #begin(callId: string, channels: 1 | 2, wish: RecordWish, reports: Reports): Recording | undefined {
    const { services, sessionId, media, log } = this.#context;
    let place: RecordingPlace;
    try {
      place = services.recordings.begin({ sessionId, callId, channels, ...wish });
    } catch (error) {
      log('error', `No recording could be begun: ${messageOf(error)}`);
      reports.failed(messageOf(error));
      return undefined;
    }
    const recording = { recorder: media.createRecorder({ path: place.path, channels }), place };
    this.#open.add(recording);
    this.#watch(recording, channels, reports);
    return recording;
  }

  #watch(recording: Recording, channels: 1 | 2, reports: Reports): void {
    const { recorder, place } = recording;
    const { recordings } = this.#context.services;
    const { promise, resolve } = Promise.withResolvers<void>();
    recorder.events.on('started', () => reports.started(place.url));
    // Exactly one of the two comes: a recording that failed is over as well.
    recorder.events.on('error', ({ error, seconds, bytes }) => {
      this.#open.delete(recording);
      recordings.finish({ recordingId: place.recordingId, seconds, bytes, channels, error });
      reports.failed(error);
      resolve();
    });
    recorder.events.on('stopped', ({ seconds, bytes }) => {
      this.#open.delete(recording);
      recordings.finish({ recordingId: place.recordingId, seconds, bytes, channels, error: undefined });
      reports.stopped(place.url, seconds);
      resolve();
    });
    this.#context.holdEnd(promise);
  }
}
