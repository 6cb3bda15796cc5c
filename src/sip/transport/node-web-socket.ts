/** WebSocket on the machine's sockets, by the `ws` library: handshake and frames (RFC 6455, RFC 7118 §4). */
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { CLOSE_MS, discard, endsOf, MAX_UNSENT_BYTES } from './node-socket.ts';
import type { StreamConnection, StreamHandlers, WebSocketServerSettings } from './types.ts';

/** RFC 7118 §4.1 */
const SUB_PROTOCOL = 'sip';
/** Request line and header fields of the handshake. */
const MAX_HEAD_BYTES = 16_384;
/**
 * Each piece of a message costs us more than its bytes. Browsers do not cut what is as short as a SIP message, and the
 * network cuts it into packets, not into bytes.
 */
const PIECES = { maxFragments: 64, maxBufferedChunks: 4_096 };
/** RFC 6455 §7.4.1: going away. */
const GOING_AWAY = 1001;

export interface WebSocketAcceptor {
  accept(socket: Socket, peerNames?: readonly string[] | undefined): void;
  close(): void;
}

/** The server side. What is no handshake for SIP is closed; a page that is not on the list is told 403. */
export function createWebSocketAcceptor(
  settings: WebSocketServerSettings,
  onOpen: (connection: StreamConnection) => StreamHandlers,
  onFailed: (socket: Socket, reason: string) => void,
): WebSocketAcceptor {
  const waiting = new Map<Duplex, { readonly names: readonly string[] | undefined }>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    ...PIECES,
    perMessageDeflate: false,
    maxPayload: settings.maxMessageBytes,
    handleProtocols: () => SUB_PROTOCOL,
  });
  const http = createServer({ maxHeaderSize: MAX_HEAD_BYTES });
  const fail = (socket: Socket, reason: string): void => {
    waiting.delete(socket);
    onFailed(socket, reason);
    discard(socket);
  };
  http.on('request', (request) => fail(request.socket, 'an HTTP request, no WebSocket handshake'));
  http.on('clientError', (_error, socket) => fail(socket as Socket, 'no HTTP'));
  server.on('wsClientError', (_error, socket) => fail(socket as Socket, 'a malformed WebSocket handshake'));
  http.on('upgrade', (request, socket, head) => {
    const entry = waiting.get(socket);
    const problem = problemOf(request, settings);
    if (entry === undefined || problem !== undefined) {
      if (problem === undefined) return discard(request.socket);
      socket.end(`HTTP/1.1 ${problem.status} Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return fail(request.socket, problem.reason);
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      waiting.delete(socket);
      const connection = webSocketConnection(webSocket, request.socket, entry.names);
      if (connection === undefined) webSocket.terminate();
      else attachWebSocket(webSocket, onOpen(connection));
    });
  });
  return {
    accept: (socket, names) => {
      waiting.set(socket, { names });
      socket.once('close', () => waiting.delete(socket));
      http.emit('connection', socket);
    },
    close: () => {
      for (const socket of waiting.keys()) socket.destroy();
    },
  };
}

/** RFC 7118 §4.1: a client that does not offer `sip` is none of ours. Whoever sends no Origin is no browser. */
function problemOf(
  request: IncomingMessage,
  { origins }: WebSocketServerSettings,
): { readonly status: number; readonly reason: string } | undefined {
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',');
  if (!offered.some((name) => name.trim().toLowerCase() === SUB_PROTOCOL)) {
    return { status: 400, reason: 'the sub-protocol sip is not offered' };
  }
  const { origin } = request.headers;
  if (origins === undefined || origin === undefined) return undefined;
  return origins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase())
    ? undefined
    : { status: 403, reason: 'the page is not on the list of origins' };
}

/** An open WebSocket as a connection. Undefined when the peer is gone already. */
export function webSocketConnection(
  webSocket: WebSocket,
  socket: Socket,
  peerNames: readonly string[] | undefined,
): StreamConnection | undefined {
  const ends = endsOf(socket);
  if (ends === undefined) return undefined;
  const isOpen = (): boolean => webSocket.readyState === WebSocket.OPEN;
  return {
    ...ends,
    peerNames,
    write: (bytes) => {
      if (!isOpen()) return;
      // RFC 7118 §4.2 allows both; browsers' libraries like text, which must be UTF-8.
      webSocket.send(bytes, { binary: !isUtf8(bytes) });
      if (webSocket.bufferedAmount > MAX_UNSENT_BYTES) webSocket.terminate();
    },
    close: () => {
      webSocket.close(GOING_AWAY);
      socket.setTimeout(CLOSE_MS, () => webSocket.terminate());
    },
    ping: () => {
      if (isOpen()) webSocket.ping();
    },
  };
}

export function attachWebSocket(webSocket: WebSocket, handlers: StreamHandlers): void {
  let failure: Error | undefined;
  webSocket.on('error', (error) => {
    failure = error;
  });
  webSocket.on('message', (data) => {
    // `nodebuffer`, the default binary type, gives one buffer per message.
    if (data instanceof Buffer) handlers.onData(data);
  });
  webSocket.on('ping', () => handlers.onPing?.());
  webSocket.on('pong', () => handlers.onPong?.());
  webSocket.on('close', () => handlers.onClose(failure));
}
