/** Web sockets of a session: those that its script opens, and those that come to its URL. */
import type { WebSocket } from 'ws';
import type { PartCommand } from '../parts/protocol.ts';
import type { AccessRequest, WebSocketCommand, WebSocketEvent } from '../parts/websocket-protocol.ts';
import type { WebSocketAdmission } from '../ports.ts';
import type { MediaRef } from '../protocol.ts';
import type { HostPart } from './host-part.ts';
import { keyOf } from './media-commands.ts';
import type { EdgeOwner, SessionContext, Untimed } from './session-context.ts';
import { SessionSocket } from './websocket-session.ts';
import type { WebSocketSink } from './websocket-sinks.ts';

/** What peers have said and the script has not heard yet. Beyond either, nothing is read from them. */
const UNHEARD_EVENTS = 32;
const UNHEARD_CHARS = 1024 * 1024;
/** The cloud's: as many as calls, and three (voximplant.com/docs/references/voxengine/appevents). */
const INCOMING_BESIDE_CALLS = 3;

const QUIET = { statistics: false, trace: false };

export class SessionWebSockets implements HostPart {
  readonly #context: SessionContext;
  readonly #sockets = new Map<string, SessionSocket>();
  readonly #incoming = new Set<string>();
  #incomingTells = QUIET;
  #unheard = 0;
  #unheardChars = 0;
  #paused = false;
  #closed = false;
  readonly #unwatch: () => void;

  constructor(context: SessionContext) {
    this.#context = context;
    context.edgeOwners.set('websocket', {
      connect: (from, to) => {
        const link = (): void => this.#ownerOf(from).connect(from, to);
        if (to.kind === 'websocket') this.#sinkOf(to.id, (sink) => sink.connect(link));
        else link();
      },
      disconnect: (from, to) => {
        const unlink = (): void => this.#ownerOf(from).disconnect(from, to);
        if (to.kind === 'websocket') this.#sinkOf(to.id, (sink) => sink.disconnect(unlink));
        else unlink();
      },
    });
    this.#unwatch = context.graph.onRemoved((unit) => {
      for (const { sinks } of this.#sockets.values()) for (const sink of sinks.values()) sink.onGone(unit);
    });
  }

  run(command: PartCommand): void {
    const told = command as WebSocketCommand;
    if (told.type === 'websocket-create') this.#create(told);
    else if (told.type === 'websocket-allow')
      this.#context.access.onWebSocket = (request) => this.#admit(request);
    else if (told.type === 'websocket-tell') this.#incomingTells = told;
    else this.#ofSocket(told, this.#sockets.get(told.websocketId));
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#context.access.onWebSocket = undefined;
    for (const socket of this.#sockets.values()) {
      this.#context.holdEnd(socket.gone);
      socket.leave();
    }
  }

  #ofSocket(
    command: Exclude<WebSocketCommand, { type: 'websocket-create' }>,
    socket: SessionSocket | undefined,
  ): void {
    if (socket === undefined) return;
    if (command.type === 'websocket-send') socket.send(command.text);
    else if (command.type === 'websocket-close') socket.close();
    else if (command.type === 'websocket-sink') socket.addSink(command);
    else if (command.type === 'websocket-source') socket.addSource(command);
    else if (command.type === 'websocket-clear') socket.sources.clear(command.tag);
  }

  #create(command: Extract<WebSocketCommand, { type: 'websocket-create' }>): void {
    const { websocketId, url, problem } = command;
    const { webSockets } = this.#context.services.limits;
    if (this.#sockets.has(websocketId)) return;
    const tooMany =
      this.#sockets.size - this.#incoming.size >= webSockets
        ? `a session opens at most ${webSockets} web sockets at once`
        : undefined;
    const reason = problem ?? tooMany;
    if (reason !== undefined) {
      this.#context.log('warn', `A web socket was not opened: ${reason}.`);
      this.#post({ type: 'websocket-error', websocketId, reason });
      this.#post({ type: 'websocket-closed', websocketId, code: 1006, reason: '', wasClean: false });
      return;
    }
    this.#add(websocketId, hostOf(url), command).dial(command);
  }

  /** Before the handshake is answered. */
  #admit(request: AccessRequest): WebSocketAdmission {
    const calls = [...this.#context.calls.values()].filter(({ call }) => call.state !== 'TERMINATED').length;
    const most = calls + INCOMING_BESIDE_CALLS;
    if (this.#incoming.size >= most) {
      const reason = `the session takes at most ${most} web sockets now: ${INCOMING_BESIDE_CALLS}, and one for each call`;
      this.#post({ type: 'websocket-refused', reason, request });
      return { refused: 503 };
    }
    const websocketId = this.#context.services.random.uuid();
    this.#incoming.add(websocketId);
    const { statistics, trace } = this.#incomingTells;
    let answered = false;
    return {
      accept: (webSocket: WebSocket) => {
        answered = true;
        if (this.#closed) {
          webSocket.terminate();
          return;
        }
        const socket = this.#add(websocketId, '(incoming)', { statistics, trace });
        this.#post({ type: 'websocket-incoming', websocketId, request });
        socket.opened(webSocket);
      },
      abandon: () => {
        if (!answered) this.#incoming.delete(websocketId);
      },
    };
  }

  #add(websocketId: string, name: string, tells: SocketTells): SessionSocket {
    const { statistics, trace } = tells;
    const socket = new SessionSocket({
      context: this.#context,
      websocketId,
      name,
      tells: { statistics, trace },
      post: (event) => this.#post(event),
      isPaused: () => this.#paused,
      onGone: () => {
        this.#sockets.delete(websocketId);
        this.#incoming.delete(websocketId);
      },
    });
    this.#sockets.set(websocketId, socket);
    return socket;
  }

  /** Streams of a socket that is gone are nobody's. */
  #sinkOf(streamId: string, use: (sink: WebSocketSink) => void): void {
    for (const { sinks } of this.#sockets.values()) {
      const sink = sinks.get(streamId);
      if (sink !== undefined) use(sink);
    }
  }

  /** Who makes the edge from there: a conference finds a seat for the socket, all else is the graph's. */
  #ownerOf(from: MediaRef): EdgeOwner {
    const { edgeOwners, graph } = this.#context;
    const owner = from.kind === 'websocket' ? undefined : edgeOwners.get(from.kind);
    return (
      owner ?? {
        connect: (source, sink) => graph.connect(keyOf(source), keyOf(sink)),
        disconnect: (source, sink) => graph.disconnect(keyOf(source), keyOf(sink)),
      }
    );
  }

  /** A session whose events pile up has failed; so peers that say more than its script hears are not read for a while. */
  #post(event: Untimed<WebSocketEvent>): void {
    if (this.#closed) return;
    this.#context.post(event);
    this.#unheard += 1;
    if (event.type === 'websocket-message') this.#unheardChars += event.text.length;
    if (this.#paused || (this.#unheard < UNHEARD_EVENTS && this.#unheardChars < UNHEARD_CHARS)) return;
    this.#paused = true;
    for (const socket of this.#sockets.values()) socket.pause();
    void this.#context.caughtUp().then(() => this.#goOn());
  }

  #goOn(): void {
    this.#unheard = 0;
    this.#unheardChars = 0;
    this.#paused = false;
    for (const socket of [...this.#sockets.values()]) if (!this.#paused) socket.resume();
  }
}

interface SocketTells {
  readonly statistics: boolean;
  readonly trace: boolean;
}

/** Paths and queries carry secrets. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '(no URL)';
}
