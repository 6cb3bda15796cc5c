/** Test doubles of this folder and of sip/dialog: a transport that is two arrays, and a peer that says what it is told. */
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { request, response } from '../message/build.ts';
import { cseq } from '../message/fields.ts';
import { parseMessage } from '../message/parse.ts';
import { serialize } from '../message/serialize.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/types.ts';
import type { Address, Flow, Target, Transport, TransportName, TransportUser } from '../transport/types.ts';
import { TransactionLayer, type TransactionLayerOptions } from './transaction-layer.ts';

export class FakeFlow implements Flow {
  readonly id: string;
  readonly transport: TransportName;
  readonly reliable: boolean;
  readonly secure: boolean;
  readonly local: Address;
  readonly remote: Address;
  readonly advertised: Address;
  isOpen = true;

  constructor(transport: TransportName, remote: Address, local: Address = { host: '10.0.0.1', port: 5060 }) {
    this.id = `${transport}|${local.host}:${local.port}|${remote.host}:${remote.port}`;
    this.transport = transport;
    this.reliable = transport !== 'udp';
    this.secure = transport === 'tls' || transport === 'wss';
    this.local = local;
    this.remote = remote;
    this.advertised = local;
  }
}

export interface Sent {
  readonly at: number;
  readonly message: SipMessage;
  readonly flow: Flow;
}

/** Everything passes through bytes, so that both sides see what the wire would show. */
export class FakeTransport implements Transport {
  user: TransportUser | undefined;
  observer: undefined;
  readonly sent: Sent[] = [];
  onSend: ((message: SipMessage, flow: Flow) => void) | undefined;
  /** What `flowTo` answers; rejects when undefined. */
  nextFlow: FakeFlow | undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  listen(): Promise<Address> {
    return Promise.resolve({ host: '10.0.0.1', port: 5060 });
  }

  flowTo(_target: Target): Promise<Flow> {
    if (this.nextFlow === undefined) return Promise.reject(new Error('no flow'));
    return Promise.resolve(this.nextFlow);
  }

  send(message: SipMessage, flow: Flow): void {
    if (!flow.isOpen) return;
    const copy = overTheWire(message);
    this.sent.push({ at: this.#clock.monotonic(), message: copy, flow });
    this.onSend?.(copy, flow);
  }

  sendResponse(message: SipResponse, flow: Flow): void {
    this.send(message, flow);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  receive(message: SipMessage, flow: Flow): void {
    const copy = overTheWire(message);
    if (copy.kind === 'request') this.user?.onRequest(copy, flow);
    else this.user?.onResponse(copy, flow);
  }

  breakFlow(flow: FakeFlow): void {
    flow.isOpen = false;
    this.user?.onFlowClosed(flow);
  }

  /** Sent so far: requests by method, responses as `200 INVITE`. */
  get story(): string[] {
    return this.sent.map(({ message }) => nameOf(message));
  }

  /** When a message of that name was sent. */
  times(name: string): number[] {
    return this.sent.filter(({ message }) => nameOf(message) === name).map(({ at }) => at);
  }

  requests(method: string): SipRequest[] {
    return this.sent
      .map(({ message }) => message)
      .filter((message) => message.kind === 'request')
      .filter((message) => message.method === method);
  }

  responses(name: string): SipResponse[] {
    return this.sent
      .map(({ message }) => message)
      .filter((message) => message.kind === 'response')
      .filter((message) => nameOf(message) === name);
  }
}

export function nameOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.status} ${cseq(message).method}`;
}

function overTheWire(message: SipMessage): SipMessage {
  const parsed = parseMessage(serialize(message));
  if (!parsed.ok) throw new Error(`not a SIP message: ${parsed.reason}`);
  return parsed.message;
}

export interface PeerRequest {
  readonly branch?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly contact?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string;
}

let branches = 0;

/** A request as a peer writes it, Via included; every call has a branch of its own unless told otherwise. */
export function peerRequest(method: string, options: PeerRequest = {}): SipRequest {
  branches += 1;
  const branch = options.branch ?? `z9hG4bKpeer${branches}`;
  return request(
    method,
    options.uri ?? 'sip:service@10.0.0.1',
    [
      ['Via', `SIP/2.0/UDP 10.0.0.2:5060;branch=${branch}`],
      ['Max-Forwards', '70'],
      ['From', options.from ?? '<sip:caller@10.0.0.2>;tag=peer'],
      ['To', options.to ?? '<sip:service@10.0.0.1>'],
      ['Call-ID', options.callId ?? 'call-1'],
      ['CSeq', `${options.cseq ?? 1} ${method}`],
      ['Contact', options.contact ?? '<sip:caller@10.0.0.2:5060>'],
      ...(options.body === undefined ? [] : [['Content-Type', 'application/sdp'] as const]),
      ...(options.fields ?? []),
    ],
    options.body,
  );
}

export interface PeerResponse {
  readonly tag?: string;
  readonly contact?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** A response as a peer writes it. */
export function peerResponse(to: SipRequest, status: number, options: PeerResponse = {}): SipResponse {
  return response(to, status, {
    toTag: options.tag ?? 'peer',
    fields: [
      ['Contact', options.contact ?? '<sip:callee@10.0.0.2:5060>'],
      ...(options.body === undefined ? [] : [['Content-Type', 'application/sdp'] as const]),
      ...(options.fields ?? []),
    ],
    ...(options.body === undefined ? {} : { body: options.body }),
  });
}

/** Clock, transport, layer and one flow towards the peer. */
export function transactionBench(
  transport: TransportName = 'udp',
  options: Partial<Pick<TransactionLayerOptions, 'limits' | 'timers' | 'random'>> = {},
  clock = new VirtualClock(),
) {
  const wire = new FakeTransport(clock);
  const flow = new FakeFlow(transport, { host: '10.0.0.2', port: 5060 });
  const layer = new TransactionLayer({
    transport: wire,
    clock,
    random: seededRandom(7),
    log: silentLogger,
    ...options,
  });
  return { clock, wire, flow, layer };
}

/** Joins two transports: what one sends reaches the other after `latency()` ms, unless `lost()` says so. */
export function join(
  a: { readonly wire: FakeTransport; readonly flow: FakeFlow },
  b: { readonly wire: FakeTransport; readonly flow: FakeFlow },
  conditions: { readonly clock: VirtualClock; latency(): number; lost(): boolean },
): void {
  const carry = (from: typeof a, to: typeof b): void => {
    from.wire.onSend = (message) => {
      if (conditions.lost()) return;
      conditions.clock.setTimeout(() => to.wire.receive(message, to.flow), conditions.latency());
    };
  };
  carry(a, b);
  carry(b, a);
}
