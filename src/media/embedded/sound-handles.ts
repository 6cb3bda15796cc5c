/** The main thread's handles of listeners, feeds and rooms. */
import { Emitter } from '../../kernel/emitter.ts';
import type {
  MediaFeed,
  MediaFeedEvents,
  MediaListener,
  MediaListenerEvents,
  MediaMixer,
  MediaParticipant,
  MediaSource,
} from '../engine.ts';
import type { HandlePlace } from './handles.ts';
import type { NodeEvent } from './protocol.ts';
import type { NodeListener } from './worker-link.ts';

/** One node of a worker that tells what comes out of it. When the worker dies, that ceases. */
abstract class SoundHandle<Events extends object> implements NodeListener {
  readonly nodeId: number;
  readonly events: Emitter<Events>;
  protected readonly place: HandlePlace;

  constructor(place: HandlePlace) {
    this.place = place;
    this.nodeId = place.node;
    this.events = new Emitter(place.onListenerError);
    place.link.listen(place.node, this);
  }

  abstract receive(event: NodeEvent): void;

  lost(): void {}

  protected end(kind: 'close-listener' | 'close-feed'): void {
    const { link, session, node } = this.place;
    link.unlisten(node);
    link.order({ kind, session, node });
  }
}

/** Whoever waits for an answer of a recogniser has a time-out of its own. */
export class ListenerHandle extends SoundHandle<MediaListenerEvents> implements MediaListener {
  close(): void {
    this.end('close-listener');
  }

  receive(event: NodeEvent): void {
    if (event.name === 'listener-audio') this.events.emit('audio', event.payload);
  }
}

export class FeedHandle extends SoundHandle<MediaFeedEvents> implements MediaFeed {
  push(samples: Int16Array): void {
    const { link, session, node } = this.place;
    // A view on a larger buffer would take all of it along to the other thread, and later.
    link.order({ kind: 'push-feed', session, node, samples: samples.slice() });
  }

  clear(): void {
    const { link, session, node } = this.place;
    link.order({ kind: 'clear-feed', session, node });
  }

  close(): void {
    this.end('close-feed');
  }

  receive(event: NodeEvent): void {
    if (event.name === 'feed-drained') this.events.emit('drained', event.payload);
  }
}

export class MixerHandle implements MediaMixer {
  readonly mix: MediaSource;
  readonly #place: HandlePlace;
  readonly #nextNode: () => number;

  constructor(place: HandlePlace, nextNode: () => number) {
    this.#place = place;
    this.#nextNode = nextNode;
    this.mix = { nodeId: place.node };
  }

  join(): MediaParticipant {
    const { link, session, node } = this.#place;
    const participant = this.#nextNode();
    link.order({ kind: 'join-mixer', session, node, participant });
    return {
      nodeId: participant,
      allow: ({ speak, hear }) =>
        link.order({ kind: 'allow-participant', session, node, participant, speak, hear }),
      close: () => link.order({ kind: 'leave-mixer', session, node, participant }),
    };
  }

  close(): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'close-mixer', session, node });
  }
}
