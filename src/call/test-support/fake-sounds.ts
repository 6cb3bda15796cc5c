/** Listeners, feeds and rooms without sound. */
import { Emitter } from '../../kernel/emitter.ts';
import type {
  MediaFeed,
  MediaFeedEvents,
  MediaListener,
  MediaListenerEvents,
  MediaMixer,
  MediaParticipant,
  MediaSource,
  PcmRate,
} from '../../media/engine.ts';

export class FakeListener implements MediaListener {
  readonly nodeId: number;
  readonly rate: PcmRate;
  readonly chunkMs: number;
  readonly events = new Emitter<MediaListenerEvents>();
  closed = false;

  constructor(nodeId: number, rate: PcmRate, chunkMs: number) {
    this.nodeId = nodeId;
    this.rate = rate;
    this.chunkMs = chunkMs;
  }

  /** Sound comes in. */
  hear(samples: Int16Array): void {
    if (!this.closed) this.events.emit('audio', { samples });
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeFeed implements MediaFeed {
  readonly nodeId: number;
  readonly rate: PcmRate;
  readonly maxBufferMs: number;
  readonly events = new Emitter<MediaFeedEvents>();
  /** What was pushed since the last `clear`. */
  pushed: Int16Array[] = [];
  cleared = 0;
  closed = false;

  constructor(nodeId: number, rate: PcmRate, maxBufferMs: number) {
    this.nodeId = nodeId;
    this.rate = rate;
    this.maxBufferMs = maxBufferMs;
  }

  push(samples: Int16Array): void {
    this.pushed.push(samples.slice());
  }

  clear(): void {
    this.cleared += 1;
    this.pushed = [];
  }

  /** All of it was sent. */
  drain(): void {
    this.pushed = [];
    this.events.emit('drained', {});
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeParticipant implements MediaParticipant {
  readonly nodeId: number;
  allowed = { speak: true, hear: true };
  closed = false;

  constructor(nodeId: number) {
    this.nodeId = nodeId;
  }

  allow(what: { readonly speak: boolean; readonly hear: boolean }): void {
    this.allowed = { ...what };
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeMixer implements MediaMixer {
  readonly mix: MediaSource;
  readonly participants: FakeParticipant[] = [];
  closed = false;
  readonly #nextNode: () => number;

  constructor(nextNode: () => number) {
    this.#nextNode = nextNode;
    this.mix = { nodeId: nextNode() };
  }

  get present(): readonly FakeParticipant[] {
    return this.participants.filter(({ closed }) => !closed);
  }

  join(): FakeParticipant {
    const participant = new FakeParticipant(this.#nextNode());
    this.participants.push(participant);
    return participant;
  }

  close(): void {
    this.closed = true;
    for (const participant of this.participants) participant.close();
  }
}
