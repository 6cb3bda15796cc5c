import { createHash } from 'node:crypto';
import type { Captured } from '../kit/virtual-network.ts';
import { CALLER, SERVER } from './numbers.ts';

/** One message as it left its sender. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly transport: Captured['transport'];
  readonly text: string;
  /** Of a datagram: how long each copy takes; none when it is lost. */
  delays: readonly number[];
}

/** Everything that happened in a run, in order. */
export class Trace {
  readonly sent: Sent[] = [];
  /** Things besides messages, with their time. */
  readonly notes: { readonly at: number; readonly text: string }[] = [];
  readonly counts = new Map<string, number>();

  capture({ at, from, to, transport, bytes }: Captured): void {
    const text = Buffer.from(bytes).toString();
    this.sent.push({ at, from: from.host, to: to.host, transport, text, delays: [0] });
  }

  /** The fate of the datagram that was captured last. */
  fate(delays: readonly number[]): void {
    const last = this.sent.at(-1);
    if (last !== undefined) last.delays = delays;
  }

  note(at: number, text: string): void {
    this.notes.push({ at, text });
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** The same for the same run, to the byte. */
  hash(): string {
    const hash = createHash('sha256');
    for (const one of this.sent) hash.update(`${one.at} ${one.from} ${one.to} ${one.delays}\n${one.text}\n`);
    for (const note of this.notes) hash.update(`${note.at} ${note.text}\n`);
    return hash.digest('hex');
  }

  /** What the server sent to the caller, or to everybody else. */
  towards(side: 'caller' | 'callee'): Sent[] {
    return this.sent.filter(
      ({ from, to }) => from === SERVER.host && (to === CALLER.host) === (side === 'caller'),
    );
  }

  /** All packets of one side, seen from there. */
  ofSide(side: 'caller' | 'callee'): { readonly direction: 'sent' | 'received'; readonly text: string }[] {
    return this.sent
      .filter(({ from, to }) => (from === CALLER.host || to === CALLER.host) === (side === 'caller'))
      .map(({ from, text }) => ({ direction: from === SERVER.host ? 'received' : 'sent', text }));
  }
}
