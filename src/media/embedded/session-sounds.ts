/** Listeners, feeds and rooms of one session. */

import { FeedNode } from './feed-node.ts';
import type { Sink, Source } from './graph.ts';
import { ListenerNode } from './listener-node.ts';
import { MixerNode } from './mixer-node.ts';
import type { MixerCommand, NodeEvent, SoundCommand } from './protocol.ts';

export interface SoundHost {
  readonly clock: { monotonic(): number };
  readonly emit: (node: number, event: NodeEvent) => void;
}

export class SessionSounds {
  readonly listeners = new Map<number, ListenerNode>();
  readonly feeds = new Map<number, FeedNode>();
  readonly mixers = new Map<number, MixerNode>();
  readonly #sources: Map<number, Source>;
  readonly #sinks: Map<number, Sink>;
  readonly #host: SoundHost;

  /** `sources` and `sinks` are the session's own, in which edges look for their ends. */
  constructor(sources: Map<number, Source>, sinks: Map<number, Sink>, host: SoundHost) {
    this.#sources = sources;
    this.#sinks = sinks;
    this.#host = host;
  }

  apply(command: SoundCommand): void {
    const { node } = command;
    switch (command.kind) {
      case 'create-listener':
        this.#createListener(node, new ListenerNode(node, command.rate, command.chunkMs, this.#emit(node)));
        return;
      case 'close-listener':
        this.listeners.get(node)?.close();
        this.listeners.delete(node);
        this.#sinks.delete(node);
        return;
      case 'create-feed':
        this.#createFeed(node, new FeedNode(node, command.rate, command.maxBufferMs, this.#emit(node)));
        return;
      case 'push-feed':
        this.feeds.get(node)?.push(command.samples, this.#host.clock.monotonic());
        return;
      case 'clear-feed':
        this.feeds.get(node)?.clear();
        return;
      case 'close-feed':
        this.feeds.get(node)?.close();
        this.feeds.delete(node);
        this.#sources.delete(node);
        return;
      default:
        this.#ofMixer(command);
    }
  }

  /** Every 20 ms, after the players: feeds first, for rooms that hear them. */
  speak(now: number): void {
    for (const feed of this.feeds.values()) feed.tick(now);
    for (const mixer of this.mixers.values()) mixer.tick(now);
  }

  /** Every 20 ms, after all that gives sound. */
  listen(now: number): void {
    for (const listener of this.listeners.values()) listener.tick(now);
  }

  close(): void {
    for (const listener of this.listeners.values()) listener.close();
    for (const feed of this.feeds.values()) feed.close();
    for (const mixer of this.mixers.values()) mixer.close();
    this.listeners.clear();
    this.feeds.clear();
    this.mixers.clear();
  }

  #emit(node: number): (event: NodeEvent) => void {
    return (event) => this.#host.emit(node, event);
  }

  #createListener(node: number, listener: ListenerNode): void {
    this.listeners.set(node, listener);
    this.#sinks.set(node, listener.ear);
  }

  #createFeed(node: number, feed: FeedNode): void {
    this.feeds.set(node, feed);
    this.#sources.set(node, feed.output);
  }

  #ofMixer(command: MixerCommand): void {
    const { node } = command;
    if (command.kind === 'create-mixer') {
      const made = new MixerNode(node);
      this.mixers.set(node, made);
      this.#sources.set(node, made.output);
      return;
    }
    const mixer = this.mixers.get(node);
    if (mixer === undefined) return;
    switch (command.kind) {
      case 'join-mixer': {
        const { ear, output } = mixer.join(command.participant);
        this.#sinks.set(command.participant, ear);
        this.#sources.set(command.participant, output);
        return;
      }
      case 'leave-mixer':
        mixer.leave(command.participant);
        this.#forget(command.participant);
        return;
      case 'allow-participant':
        mixer.allow(command.participant, command);
        return;
      case 'close-mixer':
        for (const participant of mixer.participants.keys()) this.#forget(participant);
        mixer.close();
        this.mixers.delete(node);
        this.#sources.delete(node);
    }
  }

  #forget(participant: number): void {
    this.#sinks.delete(participant);
    this.#sources.delete(participant);
  }
}
