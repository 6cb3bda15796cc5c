import { parseMessage } from '../message/parse.ts';
import type { SipMessage } from '../message/types.ts';

/** Largest header block and body on a stream, bytes (PITFALLS row 19). 64 KiB each is what a datagram can carry. */
export interface FramerLimits {
  readonly headBytes: number;
  readonly bodyBytes: number;
}

export const FRAMER_LIMITS: FramerLimits = { headBytes: 65_536, bodyBytes: 65_536 };

/**
 * What came out of a stream. After `error` the stream must be closed: where the next message begins is not known, and
 * it would be grafted onto the failed one (PITFALLS row 18). `message` and `status` are there when the peer can be told.
 */
export type Framed =
  | { readonly kind: 'message'; readonly message: SipMessage }
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'error';
      readonly reason: string;
      readonly status?: number;
      readonly message?: SipMessage;
    };

/** Why a stream ends whose source has sent more than it may. */
export const OVER_BUDGET = 'the source is over its budget';

const CR = 0x0d;
const LF = 0x0a;
const END_OF_HEAD = '\r\n\r\n';

/**
 * Cuts a stream into messages by Content-Length (RFC 3261 §18.3). Pure: bytes in, in any slices; what is complete comes
 * out. The header block is read by the same parser as everywhere, so that framing and reading cannot disagree on it.
 */
export class StreamFramer {
  readonly #limits: FramerLimits;
  readonly #admit: () => boolean;
  #store: Buffer = Buffer.alloc(2_048);
  #start = 0;
  #end = 0;
  /** Where the search for the end of the header block goes on. */
  #searched = 0;
  /** The message whose body is being waited for. */
  #head: { readonly message: SipMessage; readonly bodyBytes: number } | undefined;
  #emptyLines = 0;
  #failed = false;

  /** `admit` is asked before a header block is parsed; when it says no the stream is lost. */
  constructor(limits: FramerLimits = FRAMER_LIMITS, admit: () => boolean = () => true) {
    this.#limits = limits;
    this.#admit = admit;
  }

  /** True while a message has begun and not ended; a peer that stays here too long is a slow loris. */
  get midMessage(): boolean {
    return !this.#failed && (this.#head !== undefined || this.#end > this.#start);
  }

  /** Takes the next slice and returns what it completes. After an error nothing more comes. */
  push(bytes: Uint8Array): Framed[] {
    const out: Framed[] = [];
    if (this.#failed) return out;
    this.#append(bytes);
    for (;;) {
      const framed = this.#next();
      if (framed === undefined) return out;
      out.push(framed);
      if (framed.kind === 'error') {
        this.#failed = true;
        this.#store = Buffer.alloc(0);
        return out;
      }
    }
  }

  #next(): Framed | undefined {
    if (this.#head !== undefined) return this.#body(this.#head);
    const ping = this.#betweenMessages();
    return ping ?? (this.#end > this.#start ? this.#headBlock() : undefined);
  }

  /** Empty lines between messages are keep-alives; two in a row ask for an answer (RFC 5626 §3.5.1). */
  #betweenMessages(): Framed | undefined {
    while (this.#end - this.#start >= 2 && this.#store[this.#start] === CR) {
      if (this.#store[this.#start + 1] !== LF) return { kind: 'error', reason: 'a line ends with CR alone' };
      this.#start += 2;
      this.#searched = this.#start;
      this.#emptyLines++;
      if (this.#emptyLines === 2) {
        this.#emptyLines = 0;
        return { kind: 'ping' };
      }
    }
    return undefined;
  }

  #headBlock(): Framed | undefined {
    if (this.#store[this.#start] === CR) return undefined;
    this.#emptyLines = 0;
    const found = this.#store.subarray(0, this.#end).indexOf(END_OF_HEAD, this.#searched, 'latin1');
    const length = (found < 0 ? this.#end : found + 4) - this.#start;
    if (length > this.#limits.headBytes) return { kind: 'error', reason: 'the header block is too large' };
    if (found < 0) {
      this.#searched = Math.max(this.#start, this.#end - 3);
      return undefined;
    }
    if (!this.#admit()) return { kind: 'error', reason: OVER_BUDGET };
    const parsed = parseMessage(this.#take(length));
    if (!parsed.ok) return { kind: 'error', reason: parsed.reason };
    return this.#declared(parsed.message);
  }

  /** Judges the declared length before a byte of the body is stored (PITFALLS row 19). */
  #declared(message: SipMessage): Framed | undefined {
    const error = (status: number, reason: string): Framed => ({ kind: 'error', status, reason, message });
    const [text, ...others] = message.headers.getAll('Content-Length');
    // §20.14: on a stream Content-Length must be there.
    if (text === undefined) return error(400, 'Content-Length is missing');
    if (others.some((other) => other !== text)) return error(400, 'Content-Length stands more than once');
    if (!/^\d{1,64}$/.test(text)) return error(400, 'Content-Length is not a number');
    const bodyBytes = Number(text);
    if (bodyBytes > this.#limits.bodyBytes) return error(513, 'Content-Length is too large');
    this.#head = { message, bodyBytes };
    return this.#body(this.#head);
  }

  #body(head: { readonly message: SipMessage; readonly bodyBytes: number }): Framed | undefined {
    if (this.#end - this.#start < head.bodyBytes) return undefined;
    this.#head = undefined;
    return { kind: 'message', message: { ...head.message, body: this.#take(head.bodyBytes) } };
  }

  /** Copies out, because the store is used again. */
  #take(length: number): Uint8Array {
    const taken = Buffer.from(this.#store.subarray(this.#start, this.#start + length));
    this.#start += length;
    this.#searched = this.#start;
    return taken;
  }

  #append(bytes: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (this.#end + bytes.length > this.#store.length) {
      // Doubling keeps a peer that sends byte by byte from costing a copy of everything for each.
      const size = Math.max(this.#store.length, 2 * (kept + bytes.length));
      const store = kept + bytes.length <= this.#store.length / 2 ? this.#store : Buffer.alloc(size);
      this.#store.copy(store, 0, this.#start, this.#end);
      this.#store = store;
      this.#searched -= this.#start;
      this.#start = 0;
      this.#end = kept;
    }
    this.#store.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
