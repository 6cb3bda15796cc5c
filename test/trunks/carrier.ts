import { createHash } from 'node:crypto';
import { response } from '../../src/sip/message/build.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { serialize } from '../../src/sip/message/serialize.ts';
import type { SipRequest } from '../../src/sip/message/types.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import type { Address, DatagramSocket } from '../../src/sip/transport/types.ts';

/** What a carrier asks for before it takes a request (RFC 3261 §22). */
export interface Challenge {
  readonly status: 401 | 407;
  readonly realm: string;
  readonly username: string;
  readonly password: string;
}

/** Responses to an INVITE, in order; after a 2xx the carrier waits for ACK and BYE. */
export type Answer = readonly number[];

const NONCE = 'b4c7d1f0a2';

/** A carrier on one UDP socket: takes REGISTER and calls, asks for a password, answers as it is told. */
export class Carrier {
  /** Every request that came, repetitions left out. */
  readonly requests: SipRequest[] = [];
  answer: (invite: SipRequest) => Answer = () => [486];
  /** Contact of the registration that stands, without brackets. */
  registered: string | undefined;
  readonly #challenge: Challenge | undefined;
  readonly #answered = new Map<string, Uint8Array>();
  #socket: DatagramSocket | undefined;

  private constructor(challenge: Challenge | undefined) {
    this.#challenge = challenge;
  }

  static async at(host: string, challenge?: Challenge): Promise<Carrier> {
    const carrier = new Carrier(challenge);
    carrier.#socket = await new NodeNetwork().bindDatagram(
      { host, port: 0 },
      { onMessage: (bytes, from) => carrier.#receive(bytes, from), onError: () => {} },
    );
    return carrier;
  }

  get address(): Address {
    if (this.#socket === undefined) throw new Error('the carrier is closed');
    return this.#socket.local;
  }

  /** INVITEs of calls: those that were challenged are followed by one with credentials, and left out. */
  get calls(): readonly SipRequest[] {
    return this.requests.filter((request) => request.method === 'INVITE' && this.#mayPass(request));
  }

  got(method: string): readonly SipRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  forget(): void {
    this.requests.length = 0;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #receive(bytes: Uint8Array, from: Address): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok || parsed.message.kind !== 'request') return;
    const request = parsed.message;
    const key = `${/branch=([^;\s,]+)/.exec(request.headers.get('Via') ?? '')?.[1]} ${request.method}`;
    const before = this.#answered.get(key);
    if (before !== undefined) {
      this.#socket?.send(before, from);
      return;
    }
    this.requests.push(request);
    if (request.method === 'ACK') return;
    for (const bytes of this.#responsesTo(request)) {
      this.#answered.set(key, bytes);
      this.#socket?.send(bytes, from);
    }
  }

  #responsesTo(request: SipRequest): Uint8Array[] {
    const reply = (status: number, fields: readonly [string, string][] = [], body = ''): Uint8Array =>
      serialize(response(request, status, { toTag: 'carrier', fields, body }));
    const contact: [string, string] = ['Contact', `<sip:carrier@${this.address.host}:${this.address.port}>`];
    if (!this.#mayPass(request)) return [reply(this.#challenge!.status, this.#challengeFields())];
    if (request.method === 'REGISTER') {
      const own = request.headers.get('Contact') ?? '';
      const gone = request.headers.get('Expires') === '0';
      this.registered = gone ? undefined : /<([^>]+)>/.exec(own)?.[1];
      return [reply(200, gone ? [] : [['Contact', `${own};expires=120`]])];
    }
    if (request.method !== 'INVITE') return [reply(200)];
    return this.answer(request).map((status) =>
      status >= 200 && status < 300
        ? reply(status, [contact, ['Content-Type', 'application/sdp']], this.#sdp())
        : reply(status, [contact]),
    );
  }

  #mayPass(request: SipRequest): boolean {
    const challenge = this.#challenge;
    if (challenge === undefined || !['INVITE', 'REGISTER', 'BYE'].includes(request.method)) return true;
    const name = challenge.status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const given = request.headers.get(name);
    return given !== undefined && answersChallenge(given, request, challenge);
  }

  #challengeFields(): [string, string][] {
    const { status, realm } = this.#challenge!;
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    return [[name, `Digest realm="${realm}", nonce="${NONCE}", algorithm=MD5, qop="auth"`]];
  }

  #sdp(): string {
    const { host } = this.address;
    return `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n`;
  }
}

/** RFC 2617 §3.2.2, with qop=auth; our own sum, so that it does not check the server's code by itself. */
function answersChallenge(given: string, { method, uri }: SipRequest, challenge: Challenge): boolean {
  const value = (name: string): string =>
    new RegExp(`(?:^|[\\s,])${name}="?([^",\\s]+)"?`, 'i').exec(given)?.[1] ?? '';
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const { username, password, realm } = challenge;
  const parts = [NONCE, value('nc'), value('cnonce'), 'auth', md5(`${method}:${uri}`)];
  const wanted = md5([md5(`${username}:${realm}:${password}`), ...parts].join(':'));
  return value('username') === username && value('nonce') === NONCE && value('response') === wanted;
}
