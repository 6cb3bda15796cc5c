/**
 * What the load generator says, as text with few holes, and the few fields that it reads. Deliberately not built on
 * src/sip: load that shared its parser would share its faults and its cost.
 */

const CRLF = '\r\n';

/** Where the generator's three parties are. */
export interface Places {
  readonly host: string;
  readonly server: number;
  readonly driver: number;
  readonly passenger: number;
  readonly rtp: number;
}

export interface CallNames {
  readonly callId: string;
  readonly driverNumber: string;
  readonly serviceNumber: string;
}

function sdp(places: Places): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${places.host}`,
    's=-',
    `c=IN IP4 ${places.host}`,
    't=0 0',
    `m=audio ${places.rtp} RTP/AVP 8 0 101`,
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    '',
  ].join(CRLF);
}

export class Messages {
  readonly #places: Places;
  readonly #sdp: string;

  constructor(places: Places) {
    this.#places = places;
    this.#sdp = sdp(places);
  }

  invite(names: CallNames): string {
    const { host, server, driver } = this.#places;
    return `INVITE sip:${names.serviceNumber}@${host}:${server} SIP/2.0${CRLF}${this.#common(names, 'INVITE', 1, '')}Contact: <sip:${names.driverNumber}@${host}:${driver}>${CRLF}Allow: INVITE, ACK, CANCEL, BYE, OPTIONS${CRLF}Content-Type: application/sdp${CRLF}Content-Length: ${this.#sdp.length}${CRLF}${CRLF}${this.#sdp}`;
  }

  /** ACK of a 2xx, and BYE: in the dialog. `toTag` begins with `;tag=`. */
  inDialog(method: 'ACK' | 'BYE', names: CallNames, target: string, toTag: string): string {
    const sequence = method === 'ACK' ? 1 : 2;
    return `${method} ${target} SIP/2.0${CRLF}${this.#common(names, method, sequence, toTag)}Content-Length: 0${CRLF}${CRLF}`;
  }

  /** Takes an INVITE back: its own branch, too (§9.1). */
  cancel(names: CallNames): string {
    const { host, server } = this.#places;
    const common = this.#common(names, 'INVITE', 1, '').replace('CSeq: 1 INVITE', 'CSeq: 1 CANCEL');
    return `CANCEL sip:${names.serviceNumber}@${host}:${server} SIP/2.0${CRLF}${common}Content-Length: 0${CRLF}${CRLF}`;
  }

  /** ACK of a failure: the INVITE's own branch (RFC 3261 §17.1.1.3). */
  ackFailure(names: CallNames, toTag: string): string {
    const { host, server } = this.#places;
    const common = this.#common(names, 'INVITE', 1, toTag).replace('CSeq: 1 INVITE', 'CSeq: 1 ACK');
    return `ACK sip:${names.serviceNumber}@${host}:${server} SIP/2.0${CRLF}${common}Content-Length: 0${CRLF}${CRLF}`;
  }

  #common(names: CallNames, method: string, sequence: number, toTag: string): string {
    const { host, driver } = this.#places;
    const { callId, driverNumber, serviceNumber } = names;
    return `Via: SIP/2.0/UDP ${host}:${driver};rport;branch=z9hG4bK${callId}${method}${CRLF}Max-Forwards: 70${CRLF}From: <sip:${driverNumber}@${host}>;tag=d${callId}${CRLF}To: <sip:${serviceNumber}@${host}>${toTag}${CRLF}Call-ID: ${callId}${CRLF}CSeq: ${sequence} ${method}${CRLF}`;
  }

  /** The passenger's answer to any request of the server. */
  answer(request: string, status: '180 Ringing' | '200 OK' | '486 Busy Here', withSdp: boolean): string {
    const { host, passenger } = this.#places;
    const to = field(request, 'To');
    const tagged = to.includes(';tag=') ? to : `${to};tag=p${field(request, 'Call-ID')}`;
    const body = withSdp ? this.#sdp : '';
    const contact = withSdp ? `Content-Type: application/sdp${CRLF}` : '';
    return `SIP/2.0 ${status}${CRLF}${viasOf(request)}From: ${field(request, 'From')}${CRLF}To: ${tagged}${CRLF}Call-ID: ${field(request, 'Call-ID')}${CRLF}CSeq: ${field(request, 'CSeq')}${CRLF}Contact: <sip:passenger@${host}:${passenger}>${CRLF}${contact}Content-Length: ${body.length}${CRLF}${CRLF}${body}`;
  }
}

/** First value of a field that our server writes in its long form; empty when there is none. */
export function field(message: string, name: string): string {
  const at = message.indexOf(`${CRLF}${name}: `);
  if (at < 0) return '';
  const start = at + name.length + 4;
  return message.slice(start, message.indexOf(CRLF, start));
}

function viasOf(message: string): string {
  let vias = '';
  for (let at = message.indexOf(`${CRLF}Via: `); at >= 0; at = message.indexOf(`${CRLF}Via: `, at + 2)) {
    vias += `${message.slice(at + 2, message.indexOf(CRLF, at + 2))}${CRLF}`;
  }
  return vias;
}

/** Port of the audio line of a message's SDP; 0 when it has none. */
export function mediaPort(message: string): number {
  return Number(/^m=audio (\d+) /m.exec(message)?.[1] ?? 0);
}
