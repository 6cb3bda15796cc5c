/** Rooms, and sound that crosses to the main thread, without sound: who is in a room, and whether something is pushed. */
import type { TimerHandle } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import type {
  MediaFeed,
  MediaFeedEvents,
  MediaListener,
  MediaListenerEvents,
  MediaMixer,
  MediaParticipant,
  MediaSource,
} from '../media/engine.ts';
import type { NodeHost } from './media-nodes.ts';

/** No chunk ever comes out of it: what is said in a flow are texts, which the test gives to the recogniser itself. */
export class ListenerDouble implements MediaListener {
  readonly events = new Emitter<MediaListenerEvents>();
  readonly nodeId: number;
  readonly #host: NodeHost;

  constructor(nodeId: number, host: NodeHost) {
    this.nodeId = nodeId;
    this.#host = host;
  }
  close(): void {
    this.#host.closed(this.nodeId);
  }
}

export class FeedDouble implements MediaFeed {
  readonly events = new Emitter<MediaFeedEvents>();
  readonly nodeId: number;
  readonly #host: NodeHost;
  readonly #rate: number;
  #endsAt = 0;
  #timer: TimerHandle | undefined;

  constructor(nodeId: number, host: NodeHost, rate: number) {
    this.nodeId = nodeId;
    this.#host = host;
    this.#rate = rate;
  }

  get isHeard(): boolean {
    return this.#timer !== undefined;
  }

  push(samples: Int16Array): void {
    const { clock } = this.#host;
    const now = clock.monotonic();
    this.#endsAt = Math.max(this.#endsAt, now) + (samples.length / this.#rate) * 1000;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.clear();
      this.events.emit('drained', {});
    }, this.#endsAt - now);
  }
  clear(): void {
    this.#host.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#endsAt = 0;
  }
  close(): void {
    this.clear();
    this.#host.closed(this.nodeId);
  }
}

export class ParticipantDouble implements MediaParticipant {
  readonly nodeId: number;
  readonly mixer: MixerDouble;
  may = { speak: true, hear: true };

  constructor(nodeId: number, mixer: MixerDouble) {
    this.nodeId = nodeId;
    this.mixer = mixer;
  }
  allow(what: { readonly speak: boolean; readonly hear: boolean }): void {
    this.may = { ...what };
  }
  close(): void {
    this.mixer.leave(this);
  }
}

/** All that is said in a room. */
export class MixDouble implements MediaSource {
  readonly nodeId: number;
  readonly mixer: MixerDouble;

  constructor(nodeId: number, mixer: MixerDouble) {
    this.nodeId = nodeId;
    this.mixer = mixer;
  }
}

export interface RoomHost extends NodeHost {
  nextNode(): number;
  /** The participant can be heard. */
  joined(participant: ParticipantDouble): void;
}

export class MixerDouble implements MediaMixer {
  readonly mix: MixDouble;
  readonly participants = new Set<ParticipantDouble>();
  readonly #host: RoomHost;

  constructor(host: RoomHost) {
    this.#host = host;
    this.mix = new MixDouble(host.nextNode(), this);
  }

  join(): MediaParticipant {
    const participant = new ParticipantDouble(this.#host.nextNode(), this);
    this.participants.add(participant);
    this.#host.joined(participant);
    return participant;
  }
  leave(participant: ParticipantDouble): void {
    this.participants.delete(participant);
    this.#host.closed(participant.nodeId);
  }
  close(): void {
    for (const participant of [...this.participants]) this.leave(participant);
    this.#host.closed(this.mix.nodeId);
  }
}
