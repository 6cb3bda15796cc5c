import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { LoggedPacket } from './message-log.ts';

export interface LadderOptions {
  /** Heading over the phone's own line. */
  readonly self: string;
  /** Heading over the other line. */
  readonly other: string;
  /** Time 0, as `Clock.now()`; default: the first message. */
  readonly startAt?: number;
  /** Hides numbers. Off by default: the phones of the demo have fictional ones, and the reader wants to see them. */
  readonly maskNumbers?: boolean;
  /** Messages with this Call-ID only. */
  readonly callId?: string;
}

const GAP = 46;

/**
 * A leg's SIP messages as a ladder:
 *
 *      ms  driver                                     Maskline
 *       0    |── INVITE +15550100 ──────────────────────▶|   From: <sip:driver@…>
 *       3    |◀────────────────────────── 100 Trying ────|
 */
export function ladder(log: readonly LoggedPacket[], options: LadderOptions): string {
  const entries = log
    .map((entry) => ({ entry, text: Buffer.from(entry.bytes).toString('utf8') }))
    .filter(({ text }) => options.callId === undefined || field(text, 'Call-ID', 'i') === options.callId);
  const startAt = options.startAt ?? entries[0]?.entry.at ?? 0;
  const lines = [`    ms  ${options.self.padEnd(GAP + 2)}${options.other}`];
  for (const { entry, text } of entries) {
    const label = ` ${labelOf(text)} `;
    const dashes = '─'.repeat(Math.max(2, GAP - 3 - label.length));
    const arrow = entry.direction === 'sent' ? `──${label}${dashes}▶` : `◀${dashes}${label}──`;
    const note = noteOf(text);
    const time = String(Math.round(entry.at - startAt)).padStart(6);
    lines.push(`${time}    |${arrow}|${note === '' ? '' : `   ${note}`}`);
  }
  const whole = lines.join('\n');
  return options.maskNumbers === true ? maskNumbersIn(whole) : whole;
}

/** Method and whom it is for, or status and phrase. */
function labelOf(text: string): string {
  const line = text.slice(0, text.indexOf('\r\n'));
  if (line.startsWith('SIP/2.0 ')) {
    const method = field(text, 'CSeq', undefined)?.split(/\s+/)[1];
    const sdp = hasSdp(text) ? ' (SDP)' : '';
    return short(`${line.slice(8)}${method === 'INVITE' ? '' : ` (${method})`}${sdp}`);
  }
  const [method = '', uri = ''] = line.split(' ');
  if (method !== 'INVITE') return method;
  const user = /^(?:sips?|tel):([^@;]+)/.exec(uri)?.[1] ?? uri;
  return short(`${method} ${user}${hasSdp(text) ? ' (SDP)' : ''}`);
}

/** Who the message says it is from: the line that the demo is about. */
function noteOf(text: string): string {
  if (!text.startsWith('INVITE ')) return '';
  const identities = [`From: ${(field(text, 'From', 'f') ?? '').replace(/;tag=.*/, '')}`];
  const asserted = field(text, 'P-Asserted-Identity', undefined);
  if (asserted !== undefined) identities.push(`P-Asserted-Identity: ${asserted}`);
  return identities.join('   ');
}

const hasSdp = (text: string): boolean => /^(content-type|c)[ \t]*:[ \t]*application\/sdp/im.test(text);

const short = (text: string): string => (text.length <= GAP - 6 ? text : `${text.slice(0, GAP - 7)}…`);

function field(text: string, name: string, compact: string | undefined): string | undefined {
  const names = compact === undefined ? name : `${name}|${compact}`;
  return new RegExp(`^(?:${names})[ \\t]*:[ \\t]*(.*)$`, 'im').exec(text)?.[1]?.trim();
}
