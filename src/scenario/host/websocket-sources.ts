/**
 * Sound that arrives over one web socket. Peers may send faster than it is spoken: ten seconds wait here, and what comes
 * beyond that is discarded, as voximplant.com/docs/guides/media-streams/format says.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { MediaFeed } from '../../media/engine.ts';
import type { WebSocketCommand, WebSocketEvent } from '../parts/websocket-protocol.ts';
import type { SessionContext, Untimed } from './session-context.ts';
import { decodeSound, FORMATS, type MediaMessage, type SoundFormat } from './websocket-format.ts';

export type SourceWish = Extract<WebSocketCommand, { type: 'websocket-source' }>;

/** Streams of one socket that a peer may have at once. */
const MAX_STREAMS = 8;
/** A stream that pauses for so long has ended, until it goes on (references/voxengine/websocketmediainfo). */
const PAUSE_MS = 1000;

/** Where the script wants sound of one tag. */
interface Source {
  wish: SourceWish;
  feed: MediaFeed | undefined;
  rate: number;
  /** When all that was pushed has been spoken, on the monotonic clock. */
  playsUntil: number;
}

/** What the peer sends under one tag. */
interface Stream {
  readonly tag: string | undefined;
  readonly encoding: string;
  readonly format: SoundFormat;
  readonly customParameters: Readonly<Record<string, string>> | undefined;
  playing: boolean;
  stopped: boolean;
  receivedMs: number;
  source: Source | undefined;
  timer: TimerHandle | undefined;
}

export class WebSocketSources {
  readonly #context: SessionContext;
  readonly #websocketId: string;
  readonly #post: (event: Untimed<WebSocketEvent>) => void;
  readonly #sources = new Map<string, Source>();
  readonly #streams = new Map<string, Stream>();
  readonly #warned = new Set<string>();

  constructor(context: SessionContext, websocketId: string, post: (event: Untimed<WebSocketEvent>) => void) {
    this.#context = context;
    this.#websocketId = websocketId;
    this.#post = post;
  }

  declare(wish: SourceWish): void {
    const known = this.#sources.get(wish.streamId);
    if (known !== undefined) known.wish = wish;
    else if (this.#sources.size < MAX_STREAMS) {
      this.#sources.set(wish.streamId, { wish, feed: undefined, rate: 0, playsUntil: 0 });
      this.#context.graph.join(`websocket:${wish.streamId}`, `websocket:${wish.websocketId}`);
    }
  }

  receive(message: MediaMessage): void {
    if (message.event === 'start') this.#start(message);
    else if (message.event === 'media') this.#media(message.tag, message.payload);
    else this.#stop(message.tag);
  }

  /** Forgets what has arrived and was not spoken yet. */
  clear(tag: string | undefined): void {
    const now = this.#context.services.clock.monotonic();
    const wanted = tag === undefined ? [...this.#sources.values()] : [this.#route(tag)];
    for (const source of wanted) {
      if (source === undefined) continue;
      source.feed?.clear();
      source.playsUntil = now;
      for (const stream of this.#streams.values()) if (stream.source === source) this.#ended(stream);
    }
  }

  close(): void {
    const { services, graph } = this.#context;
    for (const { timer } of this.#streams.values()) services.clock.clearTimeout(timer);
    for (const { feed, wish } of this.#sources.values()) {
      feed?.close();
      graph.remove(`websocket:${wish.streamId}`);
    }
    this.#streams.clear();
    this.#sources.clear();
  }

  #start({ tag, encoding, format, customParameters }: Extract<MediaMessage, { event: 'start' }>): void {
    if (format === undefined) {
      this.#warn(`a stream in a format that is not known here (${encoding.replace(/[^\w/.-]/g, '')})`);
      return;
    }
    const before = this.#streams.get(tag ?? '');
    if (before !== undefined) this.#forget(before);
    const stream = this.#add({ tag, encoding, format, customParameters });
    if (stream !== undefined) this.#began(stream);
  }

  #add(what: Pick<Stream, 'tag' | 'encoding' | 'format' | 'customParameters'>): Stream | undefined {
    if (this.#streams.size >= MAX_STREAMS) {
      this.#warn(`more than ${MAX_STREAMS} streams at once`);
      return undefined;
    }
    const state = { playing: false, stopped: false, receivedMs: 0, source: undefined, timer: undefined };
    const stream: Stream = { ...what, ...state };
    this.#streams.set(what.tag ?? '', stream);
    return stream;
  }

  #media(tag: string | undefined, payload: string): void {
    const source = this.#route(tag ?? '');
    const stream = this.#streams.get(tag ?? '') ?? this.#undeclared(tag, source);
    if (stream === undefined || stream.stopped) return;
    const samples = decodeSound(stream.format, payload);
    if (samples.length === 0) return;
    if (!stream.playing) this.#began(stream);
    stream.receivedMs += (samples.length * 1000) / stream.format.rate;
    stream.source = source;
    if (source !== undefined) this.#push(source, stream.format, samples);
    this.#watch(stream);
  }

  /** Some peers send sound without a beginning: it is taken for what the script said that it expects. */
  #undeclared(tag: string | undefined, source: Source | undefined): Stream | undefined {
    const encoding = source?.wish.encoding ?? 'PCM8';
    return this.#add({ tag, encoding, format: FORMATS[encoding], customParameters: undefined });
  }

  #push(source: Source, format: SoundFormat, samples: Int16Array): void {
    const { services } = this.#context;
    const { mediaBufferSeconds } = services.limits;
    const now = services.clock.monotonic();
    const from = Math.max(now, source.playsUntil);
    const until = from + (samples.length * 1000) / format.rate;
    if (until - now > mediaBufferSeconds * 1000) {
      this.#warn(`more than ${mediaBufferSeconds} s of sound ahead; it is discarded`);
      return;
    }
    source.playsUntil = until;
    this.#feedOf(source, format).push(samples);
  }

  /** Made when the first sound comes, because only then its rate is known. */
  #feedOf(source: Source, { rate }: SoundFormat): MediaFeed {
    if (source.feed !== undefined && source.rate === rate) return source.feed;
    const { media, graph, services } = this.#context;
    source.feed?.close();
    const maxBufferMs = (services.limits.mediaBufferSeconds + 1) * 1000;
    const feed = media.createFeed({ rate, maxBufferMs });
    source.feed = feed;
    source.rate = rate;
    // Edges that wait for this source, or had the one before, are made.
    graph.addSource(`websocket:${source.wish.streamId}`, feed);
    return feed;
  }

  #stop(tag: string | undefined): void {
    const stream = this.#streams.get(tag ?? '');
    if (stream === undefined || stream.stopped) return;
    stream.stopped = true;
    this.#watch(stream);
  }

  /** That of the same tag; else the one that the script has asked for without a tag; else the only one there is. */
  #route(tag: string): Source | undefined {
    const all = [...this.#sources.values()];
    const exact = all.find(({ wish }) => wish.tag === tag) ?? all.find(({ wish }) => wish.tag === '');
    return exact ?? (all.length === 1 ? all[0] : undefined);
  }

  #began(stream: Stream): void {
    stream.playing = true;
    const { tag, encoding, customParameters } = stream;
    const websocketId = this.#websocketId;
    this.#post({ type: 'websocket-media-started', websocketId, tag, encoding, customParameters });
  }

  /** Tells of the end once all has been spoken: at once after a stop, a second later where only nothing more comes. */
  #watch(stream: Stream): void {
    const { clock } = this.#context.services;
    clock.clearTimeout(stream.timer);
    const now = clock.monotonic();
    const left = Math.max(0, (stream.source?.playsUntil ?? now) - now);
    if (stream.stopped && left === 0) this.#ended(stream);
    else stream.timer = clock.setTimeout(() => this.#ended(stream), left + (stream.stopped ? 0 : PAUSE_MS));
  }

  #ended(stream: Stream): void {
    this.#context.services.clock.clearTimeout(stream.timer);
    if (stream.stopped && this.#streams.get(stream.tag ?? '') === stream)
      this.#streams.delete(stream.tag ?? '');
    if (!stream.playing) return;
    stream.playing = false;
    const durationMs = Math.round(stream.receivedMs);
    stream.receivedMs = 0;
    const websocketId = this.#websocketId;
    this.#post({ type: 'websocket-media-ended', websocketId, tag: stream.tag, durationMs });
  }

  /** Its place is taken by another of the same tag. */
  #forget(stream: Stream): void {
    stream.stopped = true;
    this.#ended(stream);
    this.#streams.delete(stream.tag ?? '');
  }

  #warn(what: string): void {
    if (this.#warned.has(what) || this.#warned.size >= 10) return;
    this.#warned.add(what);
    this.#context.log('warn', `A web socket sends ${what}.`);
  }
}
