/** Recordings: of a call (`call.record`), and of whatever is sent to a `Recorder`. */
import type { MediaRecorder } from '../../media/engine.ts';
import type { RecordingPlace } from '../ports.ts';
import type { RecordWish } from '../protocol.ts';
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

const CHANNELS = ['left', 'right'] as const;

export class SessionRecorders {
  readonly #context: SessionContext;
  readonly #open = new Set<Recording>();
  readonly #byId = new Map<string, Recording>();
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
    const { post, request, sessionId, graph, services } = this.#context;
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
    this.#byId.set(recorderId, recording);
    for (const channel of CHANNELS) graph.addSink(sinkKey(recorderId, channel), recording.recorder[channel]);
  }

  /** The first source to the left, the second to the right. */
  feed(recorderId: string, source: string): void {
    const { graph, log } = this.#context;
    const free = CHANNELS.find((channel) => graph.sourceOf(sinkKey(recorderId, channel)) === undefined);
    if (!this.#byId.has(recorderId)) return;
    if (free === undefined) {
      log('warn', 'A recorder has two channels and both are taken.');
      return;
    }
    graph.connect(source, sinkKey(recorderId, free));
  }

  unfeed(recorderId: string, source: string): void {
    for (const channel of CHANNELS) this.#context.graph.disconnect(source, sinkKey(recorderId, channel));
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
    this.#byId.delete(recorderId);
    for (const channel of CHANNELS) this.#context.graph.remove(sinkKey(recorderId, channel));
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

function sinkKey(recorderId: string, channel: 'left' | 'right'): string {
  return `recorder:${recorderId}:${channel}`;
}
