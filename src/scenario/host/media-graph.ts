/**
 * The edges that a script asked for, whether or not their ends are there yet. `sendMediaTo` may come before the answer;
 * the edge is made as soon as both ends exist, unless a newer one has taken its place. A sink hears one source.
 */
import type { MediaSession, MediaSink, MediaSource } from '../../media/engine.ts';

export class MediaGraph {
  readonly #media: MediaSession;
  readonly #sources = new Map<string, MediaSource>();
  readonly #sinks = new Map<string, MediaSink>();
  /** Sink → source. */
  readonly #edges = new Map<string, string>();
  readonly #units = new Map<string, string>();
  readonly #onRemoved = new Set<(key: string) => void>();

  constructor(media: MediaSession) {
    this.#media = media;
  }

  addSource(key: string, source: MediaSource): void {
    this.#sources.set(key, source);
    for (const [sink, wanted] of this.#edges) if (wanted === key) this.#apply(sink);
  }

  addSink(key: string, sink: MediaSink): void {
    this.#sinks.set(key, sink);
    this.#apply(key);
  }

  connect(source: string, sink: string): void {
    this.#edges.set(sink, source);
    this.#apply(sink);
  }

  disconnect(source: string, sink: string): void {
    if (this.#edges.get(sink) !== source) return;
    this.#edges.delete(sink);
    const [from, to] = [this.#sources.get(source), this.#sinks.get(sink)];
    if (from !== undefined && to !== undefined) this.#media.disconnect(from, to);
  }

  /** The node was closed, and the engine took its edges away with it. */
  remove(key: string): void {
    this.#sources.delete(key);
    this.#sinks.delete(key);
    for (const [sink, source] of this.#edges) if (sink === key || source === key) this.#edges.delete(sink);
    for (const listener of [...this.#onRemoved]) listener(key);
  }

  /** Tells of every node that is gone. Returns the function that ends it. */
  onRemoved(listener: (key: string) => void): () => void {
    this.#onRemoved.add(listener);
    return () => this.#onRemoved.delete(listener);
  }

  /** Says that an end is one of several of the same unit, such as the streams of a web socket. */
  join(key: string, unit: string): void {
    this.#units.set(key, unit);
  }

  /** The unit that an end belongs to; most are their own. */
  unitOf(key: string): string {
    return this.#units.get(key) ?? key;
  }

  /** Whether somebody hears the source, or would if both were there. */
  isHeard(source: string): boolean {
    for (const one of this.#edges.values()) if (one === source) return true;
    return false;
  }

  sourceOf(sink: string): string | undefined {
    return this.#edges.get(sink);
  }

  get size(): number {
    return this.#sources.size + this.#sinks.size + this.#edges.size;
  }

  #apply(sink: string): void {
    const source = this.#edges.get(sink);
    const to = this.#sinks.get(sink);
    const from = source === undefined ? undefined : this.#sources.get(source);
    if (from !== undefined && to !== undefined) this.#media.connect(from, to);
  }
}
