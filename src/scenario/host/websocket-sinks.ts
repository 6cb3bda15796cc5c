/** Sound that leaves over one web socket: a stream per tag, each hearing one source. */
import type { MediaListener } from '../../media/engine.ts';
import type { WebSocketCommand } from '../parts/websocket-protocol.ts';
import type { MediaRef } from '../protocol.ts';
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
  readonly #watched = new Set<string>();
  readonly #unwatch: (() => void)[] = [];
  #wish: SinkWish;
  #running: Running | undefined;
  #open: boolean;

  /** @param open whether the socket is; what is connected before begins when it is. */
  constructor(context: SessionContext, wish: SinkWish, open: boolean, send: SendMedia) {
    this.#context = context;
    this.#key = `websocket:${wish.streamId}`;
    this.#wish = wish;
    this.#open = open;
    this.#send = send;
  }

  /** For the next connection; one that is asked for in another coding begins anew. */
  change(wish: SinkWish): void {
    this.#wish = wish;
  }

  connect(source: string, from: MediaRef): void {
    const { graph } = this.#context;
    if (this.#running !== undefined && this.#running.wish.encoding !== this.#wish.encoding) this.#end();
    if (this.#open && this.#running === undefined) this.#begin();
    graph.connect(source, this.#key);
    if (from.kind === 'call') this.#watchCall(from.id, source);
  }

  disconnect(source: string): void {
    const { graph } = this.#context;
    if (graph.sourceOf(this.#key) !== source) return;
    graph.disconnect(source, this.#key);
    this.#end();
  }

  /** The socket is open. */
  opened(): void {
    this.#open = true;
    const source = this.#context.graph.sourceOf(this.#key);
    if (source !== undefined && this.#running === undefined) this.#begin();
  }

  /** Without a word: the socket is gone, or goes. */
  close(): void {
    this.#running?.listener.close();
    this.#running = undefined;
    this.#context.graph.remove(this.#key);
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
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
    if (running === undefined) return;
    running.listener.close();
    this.#context.graph.remove(this.#key);
    this.#send(running.writer.stop(), false);
  }

  /** A call that has ended leaves its stream without a source: the peer is told. */
  #watchCall(callId: string, source: string): void {
    const call = this.#context.calls.get(callId)?.call;
    if (call === undefined || this.#watched.has(callId)) return;
    this.#watched.add(callId);
    const ended = (): void => {
      // The graph may have forgotten the edge already, with the call.
      const now = this.#context.graph.sourceOf(this.#key);
      if (now === undefined || now === source) this.#end();
    };
    for (const event of ['disconnected', 'failed'] as const) this.#unwatch.push(call.events.on(event, ended));
  }
}
