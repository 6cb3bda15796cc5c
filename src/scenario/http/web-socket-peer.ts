/**
 * One open web socket, whichever side opened it. What is waiting to be sent is bounded: sound that a slow reader does not
 * take is dropped, the oldest first; a reader that does not take messages either is given up. What arrives waits while we
 * are paused. Who has gone without a word is found out by pings.
 */
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';

export interface PeerEnd {
  /** RFC 6455 §7.4; 1006 when there was no closing handshake. */
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** What went wrong, in a sentence. */
  readonly error: string | undefined;
}

export interface PeerHandlers {
  readonly message: (text: string) => void;
  /** Sound was dropped because the peer reads too slowly; once. */
  readonly tooSlow: () => void;
  /** Once, last. */
  readonly closed: (end: PeerEnd) => void;
}

export interface PeerOptions {
  readonly clock: Clock;
  /** Bytes of messages that may wait for the peer. */
  readonly unsentBytes: number;
  readonly handlers: PeerHandlers;
}

const PING_MS = 20_000;
/** The peer has this long to answer our close frame. */
const CLOSE_MS = 2_000;
/** More than this in the socket, and sound waits here, where it can still be dropped: a second of PCM16 is 58 kB. */
const MEDIA_UNSENT_BYTES = 32 * 1024;
/** Messages of sound that wait; 20 ms each. */
const MEDIA_WAITING = 50;

interface Media {
  readonly text: string;
  readonly droppable: boolean;
}

export class WebSocketPeer {
  readonly counts = { received: 0, receivedBytes: 0, sent: 0, sentBytes: 0, dropped: 0 };
  readonly #socket: WebSocket;
  readonly #options: PeerOptions;
  readonly #media: Media[] = [];
  readonly #inbox: string[] = [];
  #paused = false;
  #heard = true;
  #error: string | undefined;
  #timer: TimerHandle | undefined;
  #ended = false;

  constructor(socket: WebSocket, options: PeerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    socket.on('ping', () => this.#onSign());
    socket.on('pong', () => this.#onSign());
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString()));
    this.#watch();
  }

  /** A message of the script. */
  send(text: string): void {
    if (!this.#isOpen) return;
    this.#write(text);
    if (this.#socket.bufferedAmount <= this.#options.unsentBytes) return;
    this.#fail('the peer does not read what it is sent');
    this.#socket.terminate();
  }

  /** A message of a stream of sound, in order with the others of that kind. */
  sendMedia(text: string, droppable: boolean): void {
    if (!this.#isOpen) return;
    if (this.#media.length === 0 && this.#socket.bufferedAmount < MEDIA_UNSENT_BYTES) {
      this.#write(text);
      return;
    }
    this.#media.push({ text, droppable });
    if (this.#media.length > MEDIA_WAITING) this.#dropOldest();
    this.#flush();
  }

  /** Nothing is handed over until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#inbox.length > 0)
      this.#options.handlers.message(this.#inbox.shift() as string);
    if (this.#paused || this.#ended) return;
    this.#heard = true;
    this.#socket.resume();
  }

  /** Says goodbye; `closed` follows, within two seconds at the most. */
  close(code: number): void {
    if (this.#ended) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    // The peer's own close frame must be read.
    this.#paused = false;
    this.#inbox.length = 0;
    this.#media.length = 0;
    this.#socket.close(code);
    this.#socket.resume();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #write(text: string): void {
    this.counts.sent += 1;
    this.counts.sentBytes += text.length;
    this.#socket.send(text, () => {
      if (this.#media.length > 0) this.#flush();
    });
  }

  #flush(): void {
    while (this.#media.length > 0 && this.#isOpen && this.#socket.bufferedAmount < MEDIA_UNSENT_BYTES)
      this.#write((this.#media.shift() as Media).text);
  }

  #dropOldest(): void {
    const index = this.#media.findIndex(({ droppable }) => droppable);
    // Nothing but beginnings and ends: a script that makes thousands of streams for a peer that reads none.
    if (index < 0) this.#socket.terminate();
    else this.#media.splice(index, 1);
    this.counts.dropped += 1;
    if (this.counts.dropped === 1) this.#options.handlers.tooSlow();
  }

  /** Bytes are nothing that a script could be given. */
  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#heard = true;
    this.counts.received += 1;
    this.counts.receivedBytes += data.length;
    if (isBinary || !this.#isOpen) return;
    const text = data.toString();
    if (this.#paused) this.#inbox.push(text);
    else this.#options.handlers.message(text);
  }

  #onSign(): void {
    this.#heard = true;
  }

  /** The first fault is the cause; what follows is its consequence. */
  #fail(reason: string): void {
    this.#error ??= reason;
  }

  #onClose(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#inbox.length = 0;
    this.#media.length = 0;
    this.#options.handlers.closed({ code, reason, wasClean: code !== 1006, error: this.#error });
  }

  #watch(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      // While we are paused, an answer would lie unread.
      if (!this.#heard && !this.#paused) {
        this.#fail('the peer does not answer any more');
        this.#socket.terminate();
        return;
      }
      this.#heard = false;
      if (this.#isOpen) this.#socket.ping();
      this.#watch();
    }, PING_MS);
  }
}
