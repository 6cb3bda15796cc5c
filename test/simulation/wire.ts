/**
 * Reading and writing SIP for the simulated peers: as little as they need, and on purpose not our own parser, so that a
 * fault of ours is not mirrored by the peer that should show it (ARCHITECTURE, "Where we differ").
 */

/** A message as its start line says, its header fields in order, and its body as text. */
export interface Wire {
  /** Of a request; empty for a response. */
  readonly method: string;
  readonly uri: string;
  /** Of a response; 0 for a request. */
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  k: 'supported',
};

/** Undefined for what is no SIP message, such as a keep-alive. */
export function readWire(text: string): Wire | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    return [COMPACT[name] ?? name, line.slice(colon + 1).trim()];
  });
  const body = text.slice(end + 4);
  const [first = '', second = ''] = start.split(' ');
  if (first === 'SIP/2.0') return { method: '', uri: '', status: Number(second), fields, body };
  return { method: first, uri: second, status: 0, fields, body };
}

/** The first field of the (lower-case) name; empty when there is none. */
export function field(wire: Wire, name: string): string {
  return wire.fields.find(([known]) => known === name)?.[1] ?? '';
}

export function fieldsOf(wire: Wire, name: string): string[] {
  return wire.fields.filter(([known]) => known === name).map(([, value]) => value);
}

/** A parameter of a field value, behind its address. */
export function param(value: string, name: string): string {
  const parameters = value.slice(value.lastIndexOf('>') + 1);
  return new RegExp(`;\\s*${name}=([^;,\\s]+)`, 'i').exec(parameters)?.[1] ?? '';
}

/** The URI of a name-addr or addr-spec. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0] ?? '';
}

export const branchOf = (wire: Wire): string => param(field(wire, 'via'), 'branch');
export const fromTag = (wire: Wire): string => param(field(wire, 'from'), 'tag');
export const toTag = (wire: Wire): string => param(field(wire, 'to'), 'tag');
export const callIdOf = (wire: Wire): string => field(wire, 'call-id');
export const sequenceOf = (wire: Wire): number => Number(field(wire, 'cseq').split(' ')[0]);
/** The method of the request, or of the one that the response answers. */
export const methodOf = (wire: Wire): string => field(wire, 'cseq').split(' ').at(-1) ?? '';

export type Lines = readonly (readonly [name: string, value: string] | undefined)[];

/** A message as text; Content-Length is added. */
export function writeWire(start: string, lines: Lines, body = ''): string {
  const head = lines.filter((line) => line !== undefined).map(([name, value]) => `${name}: ${value}`);
  return `${[start, ...head, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;
}

/** A response to the request, with what RFC 3261 §8.2.6.2 copies. `tag` is added to To where there is none. */
export function writeResponse(
  request: Wire,
  status: number,
  tag: string,
  lines: Lines = [],
  body = '',
): string {
  const to = field(request, 'to');
  const copied: Lines = [
    ...fieldsOf(request, 'via').map((via) => ['Via', via] as const),
    ...fieldsOf(request, 'record-route').map((route) => ['Record-Route', route] as const),
    ['From', field(request, 'from')],
    ['To', status === 100 || param(to, 'tag') !== '' ? to : `${to};tag=${tag}`],
    ['Call-ID', callIdOf(request)],
    ['CSeq', field(request, 'cseq')],
  ];
  return writeWire(`SIP/2.0 ${status} ${reasonOf(status)}`, [...copied, ...lines], body);
}

/** Words that no other side may see. */
const reasonOf = (status: number): string => `Said ${status} Here`;

/** Cuts a stream into messages by Content-Length (RFC 3261 §18.3). */
export class WireFramer {
  #rest = Buffer.alloc(0);

  push(bytes: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: string[] = [];
    for (;;) {
      let start = 0;
      while (this.#rest[start] === 13 || this.#rest[start] === 10) start += 1;
      const end = this.#rest.indexOf('\r\n\r\n', start);
      if (end < 0) break;
      const head = this.#rest.toString('utf8', start, end);
      const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) break;
      messages.push(this.#rest.toString('utf8', start, end + 4 + length));
      this.#rest = this.#rest.subarray(end + 4 + length);
    }
    return messages;
  }
}
