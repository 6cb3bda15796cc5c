/** A peer that speaks just what a test tells it to, over one UDP socket of the virtual network. */
import type { Random } from '../../../kernel/random.ts';
import { ClientCredentials } from '../../auth/credentials.ts';
import { response as buildResponse, type ResponseOptions } from '../../message/build.ts';
import { parseMessage } from '../../message/parse.ts';
import { serialize } from '../../message/serialize.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../message/types.ts';
import type { Address, DatagramSocket, Network } from '../../transport/types.ts';

export const SERVER: Address = { host: '192.0.2.1', port: 5060 };

export interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
}

export class RawPeer {
  readonly address: Address;
  readonly requests: SipRequest[] = [];
  readonly responses: SipResponse[] = [];
  /** Everything as text, for searches. */
  readonly texts: string[] = [];
  /** What to do with a request; by default nothing. */
  onRequest: ((request: SipRequest) => void) | undefined;
  #socket: DatagramSocket | undefined;
  #count = 0;

  constructor(address: Address) {
    this.address = address;
  }

  static async at(network: Network, host: string, port = 5060): Promise<RawPeer> {
    const peer = new RawPeer({ host, port });
    peer.#socket = await network.bindDatagram(peer.address, {
      onMessage: (bytes) => peer.#receive(bytes),
      onError: () => {},
    });
    return peer;
  }

  /** Sends a request to the server and returns its Call-ID. */
  ask(asked: Asked): string {
    this.#count += 1;
    const callId = asked.callId ?? `call-${this.address.host}-${this.#count}`;
    const body = asked.body ?? '';
    const lines = [
      `${asked.method} ${asked.uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.address.host}:${this.address.port};rport;branch=${asked.branch ?? `z9hG4bK-${this.address.host}-${this.#count}`}`,
      ...(asked.fields?.some((field) => /^max-forwards:/i.test(field)) ? [] : ['Max-Forwards: 70']),
      `From: ${asked.from ?? '<sip:caller@peer.test>'};tag=from-1`,
      `To: ${asked.to ?? `<${asked.uri}>`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${asked.cseq ?? this.#count} ${asked.method}`,
      ...(asked.method === 'INVITE' && !asked.fields?.some((field) => /^contact:/i.test(field))
        ? [`Contact: <sip:peer@${this.address.host}:${this.address.port}>`]
        : []),
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      ...(asked.fields ?? []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.#socket?.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`), SERVER);
    return callId;
  }

  /** Answers a request that came. */
  reply(request: SipRequest, status: number, options: ResponseOptions = {}): void {
    this.send(buildResponse(request, status, { toTag: `tag-${this.address.host}`, ...options }));
  }

  send(message: SipMessage, to: Address = SERVER): void {
    this.#socket?.send(serialize(message), to);
  }

  /** The requests of a method that have come, retransmissions included. */
  got(method: string): SipRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Final responses in order. */
  get finals(): number[] {
    return this.responses.filter(({ status }) => status >= 200).map(({ status }) => status);
  }

  get last(): SipResponse {
    const last = this.responses.at(-1);
    if (last === undefined) throw new Error('no response has come');
    return last;
  }

  close(): void {
    this.#socket?.close();
  }

  #receive(bytes: Uint8Array): void {
    this.texts.push(Buffer.from(bytes).toString());
    const result = parseMessage(bytes);
    if (!result.ok) throw new Error(`the server sent something malformed: ${result.reason}`);
    if (result.message.kind === 'response') {
      this.responses.push(result.message);
      return;
    }
    this.requests.push(result.message);
    this.onRequest?.(result.message);
  }
}

/** Answers the challenge of the last response, as `Authorization: …` lines. */
export class RawCredentials {
  readonly #credentials: ClientCredentials;

  constructor(username: string, password: string, random: Random) {
    this.#credentials = new ClientCredentials({ username, password }, random);
  }

  begin(): void {
    this.#credentials.begin();
  }

  accept(response: SipResponse): boolean {
    return this.#credentials.accept(401, response.headers.getAll('WWW-Authenticate'));
  }

  fields(method: string, uri: string): string[] {
    return this.#credentials.fields(method, uri).map(([name, value]) => `${name}: ${value}`);
  }
}
