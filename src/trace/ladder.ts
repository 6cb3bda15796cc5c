/** One arrow: between the first two life lines (lane 0) or the next two (lane 1). */
export interface Arrow {
  /** Milliseconds; only differences matter. */
  readonly at: number;
  readonly lane: 0 | 1;
  readonly towards: 'left' | 'right';
  /** The message. */
  readonly text: string;
  /** Put before what the message says of its sender. */
  readonly note?: string;
}

const GAP = 46;

/**
 * SIP messages as a ladder, with two life lines or three:
 *
 *        ms  driver                                     Maskline
 *         0    |── INVITE +15550100 ──────────────────────▶|   From: <sip:driver@…>
 *         3    |◀────────────────────────── 100 Trying ────|
 *
 * @param startAt time 0; default: the first message.
 */
export function drawLadder(
  headings: readonly string[],
  arrows: readonly Arrow[],
  startAt = arrows[0]?.at ?? 0,
): string {
  const names = headings.map((name, index) => (index === headings.length - 1 ? name : name.padEnd(GAP + 2)));
  const lines = arrows.map((arrow) => {
    const time = String(Math.round(arrow.at - startAt)).padStart(6);
    const lanes = headings.slice(1).map((_, lane) => (lane === arrow.lane ? shaft(arrow) : ' '.repeat(GAP)));
    const note = [arrow.note ?? '', noteOf(arrow.text)].filter((one) => one !== '').join('   ');
    return `${time}    |${lanes.join('|')}|${note === '' ? '' : `   ${note}`}`;
  });
  return [`    ms  ${names.join('')}`, ...lines].join('\n');
}

function shaft({ text, towards }: Arrow): string {
  const label = ` ${labelOf(text)} `;
  const dashes = '─'.repeat(Math.max(2, GAP - 3 - label.length));
  return towards === 'right' ? `──${label}${dashes}▶` : `◀${dashes}${label}──`;
}

/** Method and whom it is for, or status and phrase. */
function labelOf(text: string): string {
  const line = text.slice(0, text.indexOf('\r\n'));
  if (line.startsWith('SIP/2.0 ')) {
    const method = headerField(text, 'CSeq')?.split(/\s+/)[1];
    const sdp = hasSdp(text) ? ' (SDP)' : '';
    return short(`${line.slice(8)}${method === 'INVITE' ? '' : ` (${method})`}${sdp}`);
  }
  const [method = '', uri = ''] = line.split(' ');
  if (method !== 'INVITE') return method;
  const user = /^(?:sips?|tel):([^@;]+)/.exec(uri)?.[1] ?? uri;
  return short(`${method} ${user}${hasSdp(text) ? ' (SDP)' : ''}`);
}

/** Who the message says it is from. */
function noteOf(text: string): string {
  if (!text.startsWith('INVITE ')) return '';
  const identities = [`From: ${(headerField(text, 'From', 'f') ?? '').replace(/;tag=.*/, '')}`];
  const asserted = headerField(text, 'P-Asserted-Identity');
  if (asserted !== undefined) identities.push(`P-Asserted-Identity: ${asserted}`);
  return identities.join('   ');
}

const hasSdp = (text: string): boolean => /^(content-type|c)[ \t]*:[ \t]*application\/sdp/im.test(text);

const short = (text: string): string => (text.length <= GAP - 6 ? text : `${text.slice(0, GAP - 7)}…`);

/** The first field of that name (or its compact form) in the text of a message. */
export function headerField(text: string, name: string, compact?: string): string | undefined {
  const names = compact === undefined ? name : `${name}|${compact}`;
  return new RegExp(`^(?:${names})[ \\t]*:[ \\t]*(.*)$`, 'im').exec(text)?.[1]?.trim();
}
