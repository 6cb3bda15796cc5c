/** Sound that leaves over one web socket: a stream per tag, each hearing one source. */
import type { MediaListener } from '../../media/engine.ts';
import type { WebSocketCommand } from '../parts/websocket-protocol.ts';
import type { SessionContext } from './session-context.ts';
import { FORMATS, StreamWriter } from './websocket-format.ts';

export type SinkWish = Extract<WebSocketCommand, { type: 'websocket-sink' }>;
/** A message of a stream; what is not droppable must arrive. */
export type SendMedia = (text: string, droppable: boolean) => void;

/** What is added to the delay of the call's own packets. */
const CHUNK_MS = 20;

interface Running {
  readonly listener: MediaListener;
  readonly writer: StreamWriter;
  readonly wish: SinkWish;
}

export class WebSocketSink {
  readonly #context: SessionContext;
  readonly #key: string;
  readonly #send: SendMedia;
  #wish: SinkWish;
  /** What was heard last. */
  #source: string | undefined;
  #running: Running | undefined;
  #open: boolean;

  /** @param open whether the socket is; what is connected before begins when it is. */
  constructor(context: SessionContext, wish: SinkWish, open: boolean, send: SendMedia) {
    this.#context = context;
    this.#key = `websocket:${wish.streamId}`;
    this.#wish = wish;
    this.#open = open;
    this.#send = send;
    // In a conference the socket has one seat, and does not hear itself.
    context.graph.join(this.#key, `websocket:${wish.websocketId}`);
  }

  /** For the next connection; one that is asked for in another coding begins anew. */
  change(wish: SinkWish): void {
    this.#wish = wish;
  }

  /** @param link makes the edge. */
  connect(link: () => void): void {
    const running = this.#running;
    if (running !== undefined && running.wish.encoding !== this.#wish.encoding) this.#end();
    if (this.#open && this.#running === undefined) this.#begin();
    link();
    this.#source = this.#context.graph.sourceOf(this.#key);
  }

  /** @param unlink takes the edge away, if there is one; another source may have taken its place. */
  disconnect(unlink: () => void): void {
    unlink();
    if (this.#context.graph.sourceOf(this.#key) === undefined) this.#end();
  }

  /** A unit of the session is gone: if it was heard here, the peer is told that nothing more comes. */
  onGone(unit: string): void {
    if (unit === this.#source) this.#end();
  }

  /** The socket is open. */
  opened(): void {
    this.#open = true;
    if (this.#context.graph.sourceOf(this.#key) !== undefined) this.#begin();
  }

  /** Without a word: the socket is gone, or goes. */
  close(): void {
    this.#running?.listener.close();
    this.#running = undefined;
    this.#context.graph.remove(this.#key);
  }

  #begin(): void {
    const { media, graph } = this.#context;
    const wish = this.#wish;
    const format = FORMATS[wish.encoding];
    const writer = new StreamWriter(format, wish.tag);
    const listener = media.createListener({ rate: format.rate, chunkMs: CHUNK_MS });
    this.#running = { listener, writer, wish };
    this.#send(writer.start(wish.customParameters), false);
    listener.events.on('audio', ({ samples }) => this.#send(writer.media(samples), true));
    graph.addSink(this.#key, listener);
  }

  #end(): void {
    const running = this.#running;
    this.#running = undefined;
    this.#source = undefined;
    if (running === undefined) return;
    running.listener.close();
    this.#send(running.writer.stop(), false);
  }
}
