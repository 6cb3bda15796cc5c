/** One web socket of a session, from the wish to the last word. */
import type { WebSocket } from 'ws';
import { type PeerEnd, WebSocketPeer } from '../http/web-socket-peer.ts';
import type { WebSocketCommand, WebSocketEvent } from '../parts/websocket-protocol.ts';
import { messageOf, type SessionContext, type Untimed } from './session-context.ts';
import { readMedia } from './websocket-format.ts';
import { type SinkWish, WebSocketSink } from './websocket-sinks.ts';
import { type SourceWish, WebSocketSources } from './websocket-sources.ts';

/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const ABNORMAL = 1006;
/** As the API has it. */
const MAX_STREAMS = 8;

export interface SocketOptions {
  readonly context: SessionContext;
  readonly websocketId: string;
  /** A host, or what else may stand in a log. */
  readonly name: string;
  readonly tells: { readonly statistics: boolean; readonly trace: boolean };
  readonly post: (event: Untimed<WebSocketEvent>) => void;
  /** Whether nothing may be read from peers now. */
  readonly isPaused: () => boolean;
  /** Nothing of it is left. */
  readonly onGone: () => void;
}

export class SessionSocket {
  readonly sinks = new Map<string, WebSocketSink>();
  readonly sources: WebSocketSources;
  readonly #options: SocketOptions;
  readonly #aborted = new AbortController();
  readonly #gone = Promise.withResolvers<void>();
  #waiting: string[] = [];
  #waitingBytes = 0;
  #peer: WebSocketPeer | undefined;
  #over = false;
  #closing = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.sources = new WebSocketSources(options.context, options.websocketId, options.post);
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** One that the script opens. */
  dial({ url, protocols, headers }: Extract<WebSocketCommand, { type: 'websocket-create' }>): void {
    const { context, websocketId, post } = this.#options;
    const { webSocketOpenSeconds: timeoutSeconds } = context.services.limits;
    const { signal } = this.#aborted;
    post({ type: 'websocket-created', websocketId });
    context.services.webSockets
      .open({ url, protocols, headers, timeoutSeconds, signal }, (socket) => this.opened(socket))
      .catch((error: unknown) => {
        const reason = signal.aborted ? 'closed before it was open' : messageOf(error);
        const wish = this.#closing ? undefined : reason;
        this.#ended({ code: ABNORMAL, reason: '', wasClean: false, error: wish });
      });
  }

  opened(socket: WebSocket): void {
    const { context, websocketId, post, name } = this.#options;
    const { clock, limits } = context.services;
    this.#peer = new WebSocketPeer(socket, {
      clock,
      unsentBytes: limits.webSocketUnsentBytes,
      handlers: {
        message: (text) => this.#onMessage(text),
        tooSlow: () =>
          context.log('warn', `The web socket ${name} reads too slowly; sound for it is dropped.`),
        closed: (end) => this.#ended(end),
      },
    });
    context.log('info', `The web socket ${name} is open.`);
    post({ type: 'websocket-opened', websocketId });
    if (this.#options.isPaused()) this.#peer.pause();
    for (const text of this.#waiting.splice(0)) this.#peer.send(text);
    for (const sink of this.sinks.values()) sink.opened();
  }

  send(text: string): void {
    const { context } = this.#options;
    if (this.#over || this.#closing) return;
    this.#trace('sends', text);
    if (this.#peer !== undefined) {
      this.#peer.send(text);
      return;
    }
    this.#waitingBytes += text.length;
    if (this.#waitingBytes > context.services.limits.webSocketUnsentBytes)
      context.log('warn', 'A web socket that is not open yet was told too much; the message is dropped.');
    else this.#waiting.push(text);
  }

  addSink(wish: SinkWish): void {
    const known = this.sinks.get(wish.streamId);
    if (known !== undefined) known.change(wish);
    else if (!this.#over && this.sinks.size < MAX_STREAMS) {
      const send = (text: string, droppable: boolean): void => this.#peer?.sendMedia(text, droppable);
      this.sinks.set(
        wish.streamId,
        new WebSocketSink(this.#options.context, wish, this.#peer !== undefined, send),
      );
    }
  }

  addSource(wish: SourceWish): void {
    if (!this.#over) this.sources.declare(wish);
  }

  /** The script has had enough of it; `websocket-closed` follows. */
  close(): void {
    this.#end(NORMAL);
  }

  /** The session ends. */
  leave(): void {
    this.#end(GOING_AWAY);
  }

  pause(): void {
    this.#peer?.pause();
  }
  resume(): void {
    this.#peer?.resume();
  }

  #end(code: number): void {
    if (this.#over || this.#closing) return;
    this.#closing = true;
    this.#endMedia();
    if (this.#peer === undefined) this.#aborted.abort();
    else this.#peer.close(code);
  }

  #onMessage(text: string): void {
    const { websocketId, post } = this.#options;
    if (this.#closing) return;
    const media = readMedia(text);
    if (media !== undefined) {
      this.sources.receive(media);
      return;
    }
    this.#trace('receives', text);
    post({ type: 'websocket-message', websocketId, text });
  }

  #ended({ code, reason, wasClean, error }: PeerEnd): void {
    if (this.#over) return;
    this.#over = true;
    const { context, websocketId, post, name, tells, onGone } = this.#options;
    this.#endMedia();
    context.log('info', `The web socket ${name} is closed (${error ?? code}).`);
    if (tells.statistics && this.#peer !== undefined) {
      const { received, receivedBytes, sent, sentBytes, dropped } = this.#peer.counts;
      const line = `${received} messages (${receivedBytes} bytes) received, ${sent} (${sentBytes}) sent, ${dropped} dropped`;
      context.log('info', `The web socket ${name}: ${line}.`);
    }
    if (error !== undefined) post({ type: 'websocket-error', websocketId, reason: error });
    post({ type: 'websocket-closed', websocketId, code, reason, wasClean });
    onGone();
    this.#gone.resolve();
  }

  #endMedia(): void {
    for (const sink of this.sinks.values()) sink.close();
    this.sinks.clear();
    this.sources.close();
  }

  /** What is said may be anything, secrets and numbers included. */
  #trace(what: string, text: string): void {
    const { tells, context, name } = this.#options;
    if (tells.trace) context.log('info', `The web socket ${name} ${what} ${text.length} characters.`);
  }
}
