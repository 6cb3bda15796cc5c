/** Web socket servers of a flow, such as a voice AI: what scenarios open, told and scripted by the test. */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { WebSocketRequest, WebSockets } from '../scenario/http/web-socket-client.ts';

/** What a server needs of its flow. */
export interface WebSocketHost {
  note(what: string, direction: 'in' | 'out'): void;
  unexpected(sentence: string): void;
  until(isSo: () => boolean, what: string, within: number | undefined): Promise<void>;
}

/** The part of `ws` that the scenario layer uses, without a network. */
class SocketDouble extends EventEmitter {
  readonly OPEN = 1;
  readonly bufferedAmount = 0;
  readyState = 1;
  readonly #server: WebSocketServer;

  constructor(server: WebSocketServer) {
    super();
    this.#server = server;
  }

  send(text: string, sent?: () => void): void {
    this.#server.took(text);
    if (sent !== undefined) queueMicrotask(sent);
  }
  close(code = 1000): void {
    this.end(code, '');
  }
  terminate(): void {
    this.end(1006, '');
  }
  ping(): void {
    queueMicrotask(() => this.emit('pong'));
  }
  pause(): void {}
  resume(): void {}

  end(code: number, reason: string): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    queueMicrotask(() => this.emit('close', code, Buffer.from(reason)));
  }
}

/** One server, at one address; scenarios may open it again and again. */
export class WebSocketServer {
  readonly url: string;
  /** Messages that scenarios sent, in order. */
  readonly received: string[] = [];
  /** Called with each message; answers with `says`. */
  onMessage: ((text: string) => void) | undefined;
  /** Set: connections are refused, for this reason. */
  refuses: string | undefined;
  readonly #host: WebSocketHost;
  #socket: SocketDouble | undefined;

  constructor(url: string, host: WebSocketHost) {
    this.url = url;
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1;
  }

  /** Until a scenario has opened it. */
  async opened({ within }: { readonly within?: number } = {}): Promise<void> {
    await this.#host.until(() => this.isOpen, `a web socket to ${this.url}`, within);
  }

  /** Sends a text; anything else goes as JSON. */
  says(message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.#host.note(`says ${short(text)}`, 'in');
    if (this.isOpen) this.#socket?.emit('message', Buffer.from(text), false);
  }

  closes(code = 1000, reason = ''): void {
    this.#host.note(`closes (${code})`, 'in');
    this.#socket?.end(code, reason);
  }

  /** @internal */
  took(text: string): void {
    this.received.push(text);
    this.#host.note(`is told ${short(text)}`, 'out');
    const answer = this.onMessage;
    if (answer !== undefined) queueMicrotask(() => answer(text));
  }

  /** @internal */
  connect(): WebSocket {
    this.#host.note('is opened', 'out');
    this.#socket = new SocketDouble(this);
    return this.#socket as unknown as WebSocket;
  }
}

export class WebSocketsDouble implements WebSockets {
  readonly #host: WebSocketHost;
  readonly #servers = new Map<string, WebSocketServer>();

  constructor(host: WebSocketHost) {
    this.#host = host;
  }

  server(url: string): WebSocketServer {
    const server = this.#servers.get(url) ?? new WebSocketServer(url, this.#host);
    this.#servers.set(url, server);
    return server;
  }

  async open({ url }: WebSocketRequest, onOpen: (socket: WebSocket) => void): Promise<void> {
    const server = this.#servers.get(url) ?? this.#servers.get(url.replace(/\?.*$/, ''));
    if (server === undefined) {
      this.#host.unexpected(
        `The scenario opened a web socket to ${url}, and this test has no server there: flow.webSocket('${url}').`,
      );
      throw new Error('no server in this test');
    }
    if (server.refuses !== undefined) throw new Error(server.refuses);
    onOpen(server.connect());
  }
}

function short(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
}
