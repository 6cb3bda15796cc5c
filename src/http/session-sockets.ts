/** Web sockets that come to the URL of a session: the handshake is made here, and the session has the rest. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../kernel/clock.ts';
import { type SessionDoors, WEB_SOCKET_OPTIONS } from '../scenario/ports.ts';
import { toldOf } from './routes/session-access.ts';

const SESSION_URL = /^\/session\/([^/?]{1,256})(?:[/?]|$)/;
/** RFC 6455 §7.4.1: going away. */
const GOING_AWAY = 1001;
/** What peers get to answer that. */
const CLOSE_MS = 1_000;

/** For Node's server: any other wish to upgrade is ignored, and the request is answered as it stands (RFC 9110 §7.8). */
export function isSessionUpgrade(request: IncomingMessage): boolean {
  return String(request.headers.upgrade).toLowerCase() === 'websocket' && SESSION_URL.test(request.url ?? '');
}

export interface SessionSockets {
  /** Ends those that are open; Node's server would wait for them for ever. */
  close(clock: Clock): void;
}

export function takeSessionSockets(server: Server, doors: SessionDoors): SessionSockets {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, ...WEB_SOCKET_OPTIONS });
  const open = new Set<WebSocket>();
  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy());
    const token = SESSION_URL.exec(request.url ?? '')?.[1] ?? '';
    const door = doors.find(token);
    if (door === undefined) {
      refuse(socket, 404);
      return;
    }
    const admission = door.admit(toldOf(request, ''));
    if ('refused' in admission) {
      refuse(socket, admission.refused);
      return;
    }
    socket.once('close', admission.abandon);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      open.add(webSocket);
      webSocket.once('close', () => open.delete(webSocket));
      admission.accept(webSocket);
    });
  });
  return {
    close: (clock) => {
      for (const webSocket of open) webSocket.close(GOING_AWAY);
      if (open.size === 0) return;
      const timer = clock.setTimeout(() => {
        for (const webSocket of open) webSocket.terminate();
      }, CLOSE_MS);
      for (const webSocket of open)
        webSocket.once('close', () => {
          if (open.size === 0) clock.clearTimeout(timer);
        });
    },
  };
}

function refuse(socket: Duplex, status: number): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close', 'Content-Length: 0'];
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
}
