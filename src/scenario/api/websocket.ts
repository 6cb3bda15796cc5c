/**
 * `VoxEngine.createWebSocket`, the class `WebSocket`, and the web sockets that come to the session's own URL. Sound flows
 * over them as JSON (voximplant.com/docs/guides/media-streams/format); the host carries it, and a script sees only where
 * it begins and ends.
 */
import type { HostEvent } from '../protocol.ts';
import { uuid } from './deterministic.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners, watch } from './events.ts';
import { text } from './headers.ts';
import { send, toJson, warn, world } from './host-link.ts';
import { connect, disconnect, registerUnit } from './media-unit.ts';
import type { ApiPart } from './part.ts';
import { emitAppEvent } from './vox-engine.ts';

const EVENTS = {
  OPEN: 'WebSocket.Open',
  CLOSE: 'WebSocket.Close',
  MESSAGE: 'WebSocket.Message',
  ERROR: 'WebSocket.Error',
  CREATED: 'WebSocket.Created',
  MEDIA_STARTED: 'WebSocket.MediaEventStarted',
  MEDIA_ENDED: 'WebSocket.MediaEventEnded',
};
const names = eventNames('WebSocketEvents', EVENTS);
/** By event: the property that scripts set instead of a listener. */
const PROPERTIES = {
  'WebSocket.Open': 'onopen',
  'WebSocket.Close': 'onclose',
  'WebSocket.Message': 'onmessage',
  'WebSocket.Error': 'onerror',
  'WebSocket.Created': 'oncreated',
  'WebSocket.MediaEventStarted': 'onmediastarted',
  'WebSocket.MediaEventEnded': 'onmediaended',
} as const;
type EventName = keyof typeof PROPERTIES;

const WebSocketEvents = checkedEnum('WebSocketEvents', EVENTS);
const WebSocketReadyState = checkedEnum('WebSocketReadyState', {
  CLOSED: 'closed',
  CLOSING: 'closing',
  CONNECTING: 'connecting',
  OPEN: 'open',
});
const WebSocketAudioEncoding = checkedEnum('WebSocketAudioEncoding', {
  PCM8: 'PCM8',
  PCM16_8KHZ: 'PCM8',
  PCM16: 'PCM16',
  PCM16_16KHZ: 'PCM16',
  ALAW: 'ALAW',
  ULAW: 'ULAW',
  OPUS: 'OPUS',
});
/** RFC 6455 §7.4.1 and the IANA registry. */
const WebSocketCloseCode = checkedEnum('WebSocketCloseCode', {
  CLOSE_NORMAL: 1000,
  CLOSE_GOING_AWAY: 1001,
  CLOSE_PROTOCOL_ERROR: 1002,
  CLOSE_UNSUPPORTED: 1003,
  CLOSED_NO_STATUS: 1005,
  CLOSE_ABNORMAL: 1006,
  CLOSE_UNSUPPORTED_PAYLOAD: 1007,
  CLOSE_POLICY_VIOLATION: 1008,
  CLOSE_TOO_LARGE: 1009,
  CLOSE_MANDATORY_EXTENSION: 1010,
  CLOSE_SERVER_ERROR: 1011,
  CLOSE_SERVICE_RESTART: 1012,
  CLOSE_TRY_AGAIN_LATER: 1013,
  CLOSE_BAD_GATEWAY: 1014,
  CLOSE_TLS_FAIL: 1015,
});

const ENCODINGS = { PCM8: 'PCM8', PCM16: 'PCM16', ALAW: 'ALAW', ULAW: 'ULAW' } as const;
type Encoding = keyof typeof ENCODINGS;
/** Streams of one socket, in each direction. The host has the same limit. */
const MAX_STREAMS = 8;
const MAX_TAG = 128;
/** As voximplant.com/docs/references/voxengine/websocketparameters has it. */
const DEFAULT_PROTOCOL = 'chat';

type Fields = Readonly<Record<string, unknown>>;
type State = 'connecting' | 'open' | 'closing' | 'closed';

const sockets = new Map<string, WebSocket>();
/** The id of a socket that came in, while its object is made. */
let adopted: string | undefined;

export class WebSocket {
  onopen: unknown = null;
  onclose: unknown = null;
  onmessage: unknown = null;
  onerror: unknown = null;
  oncreated: unknown = null;
  onmediastarted: unknown = null;
  onmediaended: unknown = null;
  readonly url: string;
  readonly #id: string;
  readonly #listeners = new Listeners(names);
  /** By tag. Both directions of a tag have one id, so that a conference knows them as one seat. */
  readonly #ids = new Map<string, string>();
  readonly #sinks = new Map<string, string>();
  readonly #sources = new Map<string, string>();
  #state: State;

  constructor(url: unknown, parameters?: unknown) {
    this.url = text(url);
    this.#id = adopted ?? uuid();
    this.#state = adopted === undefined ? 'connecting' : 'open';
    sockets.set(this.#id, this);
    registerUnit(
      this,
      { kind: 'websocket', id: this.#id },
      {
        sinks: (wish, making) => this.#streams('websocket-sink', this.#sinks, wish, making),
        sources: (wish, making) => this.#streams('websocket-source', this.#sources, wish, making),
      },
    );
    if (adopted === undefined)
      send({ type: 'websocket-create', websocketId: this.#id, ...wishOf(this.url, parameters) });
  }

  id(): string {
    return this.#id;
  }
  get readyState(): State {
    return this.#state;
  }
  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }

  /** Before the connection is open, what is said waits for it. */
  send(data: unknown): void {
    if (this.#state === 'closing' || this.#state === 'closed')
      warn('WebSocket.send: the connection is closed; the message is not sent.');
    else send({ type: 'websocket-send', websocketId: this.#id, text: text(data) });
  }
  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    send({ type: 'websocket-close', websocketId: this.#id });
  }

  sendMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    connect(this, mediaUnit, 'WebSocket.sendMediaTo', parameters);
  }
  stopMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    disconnect(this, mediaUnit, 'WebSocket.stopMediaTo', parameters);
  }
  clearMediaBuffer(parameters?: unknown): void {
    const { tag } = fieldsOf(parameters);
    const wish = tag === undefined || tag === null ? {} : { tag: text(tag).slice(0, MAX_TAG) };
    send({ type: 'websocket-clear', websocketId: this.#id, tag: undefined, ...wish });
  }

  /** A stream for the tag that is asked for; to undo, without a tag, all streams that there are. */
  #streams(
    type: 'websocket-sink' | 'websocket-source',
    known: Map<string, string>,
    parameters: unknown,
    making: boolean,
  ): string[] {
    const wish = fieldsOf(parameters);
    const tag = text(wish.tag).slice(0, MAX_TAG);
    const found = known.get(tag);
    if (!making) return wish.tag === undefined ? [...known.values()] : found === undefined ? [] : [found];
    if (found === undefined && known.size >= MAX_STREAMS)
      throw new Error(
        `Exceeded the stream limit: a WebSocket carries at most ${MAX_STREAMS} streams each way`,
      );
    const streamId = this.#ids.get(tag) ?? uuid();
    this.#ids.set(tag, streamId);
    known.set(tag, streamId);
    const stream = { websocketId: this.#id, streamId, tag, encoding: encodingOf(wish.encoding) };
    if (type === 'websocket-source') send({ type, ...stream });
    else send({ type, ...stream, customParameters: parametersOf(wish.customParameters) });
    return [streamId];
  }

  static deliver(socket: WebSocket, name: EventName, state: State | undefined, payload: object): void {
    if (state !== undefined) socket.#state = state;
    const event = { websocket: socket, name, ...payload };
    const own = socket[PROPERTIES[name]];
    if (typeof own === 'function')
      watch(Reflect.apply(own, socket, [event]), `WebSocket.${PROPERTIES[name]}`);
    socket.#listeners.emit(name, event);
  }
}

const deliver = WebSocket.deliver;
// Scripts reach the class by its name; the way in for events must not be there.
Reflect.deleteProperty(WebSocket, 'deliver');

function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' ? (value as Fields) : {};
}

/** `createWebSocket(url, { protocols, headers, … })`, or the older form with the protocols alone. */
function wishOf(url: string, parameters: unknown) {
  const alone = typeof parameters === 'string' || Array.isArray(parameters);
  const options: Fields = alone ? { protocols: parameters } : fieldsOf(parameters);
  const { protocols, headers } = options;
  const names = Array.isArray(protocols) ? protocols : [protocols ?? DEFAULT_PROTOCOL];
  return {
    url: url.slice(0, 8192),
    protocols: names.map(text).filter((name) => name !== ''),
    headers: headerPairs(headers),
    statistics: options.statistics === true,
    trace: options.trace === true,
  };
}

/** `[{ name, value }]`, or an object of names and values as elsewhere in the API. */
function headerPairs(headers: unknown): [string, string][] {
  if (Array.isArray(headers))
    return headers.map((one) => {
      const { name, key, value } = fieldsOf(one);
      return [text(name ?? key).trim(), text(value)];
    });
  return Object.entries(fieldsOf(headers)).map(([name, value]) => [name.trim(), text(value)]);
}

/** The default is that of docs.voximplant.ai/platform/voxengine/media-over-websockets. */
function encodingOf(value: unknown): Encoding {
  if (value === undefined || value === null) return 'PCM8';
  const name = text(value).toUpperCase();
  if (name === 'PCM16_8KHZ') return 'PCM8';
  if (name === 'PCM16_16KHZ') return 'PCM16';
  if (Object.hasOwn(ENCODINGS, name)) return name as Encoding;
  warn(`WebSocketAudioEncoding: ${text(value)} is not available in Maskline; the stream is sent as PCM8.`);
  return 'PCM8';
}

/** The peer gets strings, as the API's own type says. */
function parametersOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const out: Record<string, string> = {};
  for (const [name, one] of Object.entries(fieldsOf(value)))
    if (one !== undefined) out[name] = typeof one === 'string' ? one : (toJson(one) ?? '');
  return out;
}

type SocketEvent = Extract<HostEvent, { websocketId: string }>;
type Incoming = Extract<SocketEvent, { type: 'websocket-incoming' }>;

function onIncoming({ websocketId, request }: Incoming): void {
  adopted = websocketId;
  let websocket: WebSocket;
  try {
    websocket = new WebSocket(world.access?.url ?? '');
  } finally {
    adopted = undefined;
  }
  emitAppEvent('AppEvents.NewWebSocketConnection', { websocket, ...request });
}

/** Hands an event to the socket that it names, with what `payload` makes of it. */
function toSocket<T extends SocketEvent['type']>(
  name: EventName,
  state: State | undefined,
  payload: (event: Extract<SocketEvent, { type: T }>) => object,
): (event: Extract<HostEvent, { type: T }>) => void {
  return (event) => {
    const told = event as unknown as Extract<SocketEvent, { type: T }>;
    const socket = sockets.get(told.websocketId);
    if (socket === undefined) return;
    if (state === 'closed') sockets.delete(told.websocketId);
    deliver(socket, name, state, payload(told));
  };
}

const tagOf = (tag: string | undefined): object => (tag === undefined ? {} : { tag });
/** What the next sockets that come in are asked to tell of themselves. */
const incoming = { statistics: false, trace: false };

function tellOfIncoming(change: Partial<typeof incoming>): void {
  Object.assign(incoming, change);
  send({ type: 'websocket-tell', ...incoming });
}

export const websocket: ApiPart = {
  globals: {
    WebSocket,
    WebSocketEvents,
    WebSocketReadyState,
    WebSocketAudioEncoding,
    WebSocketCloseCode,
  },
  members: {
    VoxEngine: {
      createWebSocket: (url: unknown, parameters?: unknown) => new WebSocket(url, parameters),
      allowWebSocketConnections: () => send({ type: 'websocket-allow' }),
      enableStatisticsForIncomingWebsockets: () => tellOfIncoming({ statistics: true }),
      disableStatisticsForIncomingWebsockets: () => tellOfIncoming({ statistics: false }),
      enableTraceForIncomingWebsockets: () => tellOfIncoming({ trace: true }),
      disableTraceForIncomingWebsockets: () => tellOfIncoming({ trace: false }),
    },
  },
  deliver: {
    'websocket-created': toSocket('WebSocket.Created', undefined, () => ({})),
    'websocket-opened': toSocket('WebSocket.Open', 'open', () => ({})),
    'websocket-message': toSocket('WebSocket.Message', undefined, ({ text }) => ({ text })),
    'websocket-error': toSocket('WebSocket.Error', undefined, ({ reason }) => ({ reason })),
    'websocket-closed': toSocket('WebSocket.Close', 'closed', ({ code, reason, wasClean }) => ({
      code,
      reason,
      wasClean,
    })),
    'websocket-media-started': toSocket(
      'WebSocket.MediaEventStarted',
      undefined,
      ({ tag, encoding, customParameters }) => ({
        ...tagOf(tag),
        encoding,
        ...(customParameters === undefined ? {} : { customParameters }),
      }),
    ),
    'websocket-media-ended': toSocket('WebSocket.MediaEventEnded', undefined, ({ tag, durationMs }) => ({
      ...tagOf(tag),
      mediaInfo: { duration: durationMs },
    })),
    'websocket-incoming': onIncoming,
    'websocket-refused': ({ reason, request }) =>
      void emitAppEvent('Application.OnNewWebSocketFailed', { reason, ...request }),
  },
  modules: ['websocket'],
};
