import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import type { LegPlan, SrtpKey } from '../engine.ts';
import { buildRtp, parseRtp } from '../rtp-packet.ts';
import { SrtpSession } from '../srtp/srtp.ts';
import { testKey } from '../srtp/test-support.ts';
import { connect } from './graph.ts';
import { Leg } from './leg.ts';
import type { LegSockets, OnPacket } from './leg-sockets.ts';

const PEER = { address: '198.51.100.7', port: 4000, family: 'IPv4', size: 0 } as const;

/** A leg without a socket: packets are put in by hand, and what it sends is kept. */
function legOf(node: number) {
  const sent: Buffer[] = [];
  let receive: OnPacket = () => {};
  const sockets = {
    connected: false,
    attach: (onRtp: OnPacket) => {
      receive = onRtp;
    },
    connect: () => {},
    disconnect: () => {},
    detach: () => {},
    sendRtp: (packet: Buffer) => sent.push(packet),
    sendRtcp: () => {},
  };
  const clock = new VirtualClock();
  const host = { clock, random: seededRandom(node), silenceSeconds: 30, emit: () => {} };
  const leg = new Leg(node, sockets as unknown as LegSockets, host);
  return { leg, sent, receive: (packet: Buffer) => receive(packet, PEER) };
}

function planOf(changes: Partial<LegPlan>): LegPlan {
  return {
    remote: { host: PEER.address, port: PEER.port },
    codec: 'PCMA',
    sendPayloadType: 8,
    receivePayloadType: 8,
    direction: 'sendrecv',
    latch: 'learn',
    packetMs: 20,
    ...changes,
  };
}

const srtp = (send: SrtpKey, receive: SrtpKey) => ({ srtp: { send, receive } });

describe('a call of 80 000 packets between two SRTP legs', () => {
  it('[row 34][RFC 3711 §3.3.1] outlives both roll-overs, holds, refreshes and a new SSRC of the peer; every packet arrives', () => {
    const [alice, bob] = [new SrtpSession(), new SrtpSession()];
    const [fromAlice, toAlice, toBob, fromBob] = [testKey(1), testKey(2), testKey(3), testKey(4)];
    alice.configure({ send: fromAlice, receive: toAlice });
    bob.configure({ send: fromBob, receive: toBob });
    const a = legOf(1);
    const b = legOf(2);
    const plans = { a: planOf(srtp(toAlice, fromAlice)), b: planOf(srtp(toBob, fromBob)) };
    a.leg.configure(plans.a);
    b.leg.configure(plans.b);
    connect(a.leg.input, b.leg.output);
    let ssrc = 7;
    let heard = 0;
    for (let n = 0; n < 80_000; n++) {
      if (n % 5000 === 4999) {
        // A hold and its end, then a refresh that changes nothing.
        a.leg.configure({ ...plans.a, direction: 'inactive' });
        a.leg.configure(plans.a);
        b.leg.configure({ ...plans.b, packetMs: 40 });
        b.leg.configure(plans.b);
      }
      if (n === 75_000) ssrc = 8;
      const payload = Buffer.from([n >>> 16, n >>> 8, n]);
      const packet = {
        marker: false,
        payloadType: 8,
        sequence: (n + 30_000) & 0xffff,
        timestamp: n * 160,
        ssrc,
        payload,
      };
      a.receive(alice.protect(buildRtp(packet))!);
      const wire = b.sent.pop();
      const end = wire === undefined ? -1 : bob.unprotect(wire);
      const arrived = end < 0 ? undefined : parseRtp(wire!.subarray(0, end));
      if (arrived !== undefined && payload.equals(arrived.payload)) heard += 1;
    }
    expect(heard).toBe(80_000);
    expect([bob.unauthenticated, a.leg.stats().unauthenticated]).toEqual([0, 0]);
  });
});

describe('a leg whose peer changes between SRTP and plain RTP', () => {
  const packet = (sequence: number): Buffer =>
    buildRtp({
      marker: false,
      payloadType: 8,
      sequence,
      timestamp: sequence * 160,
      ssrc: 7,
      payload: Buffer.alloc(160),
    });

  it('takes what the last plan says, and nothing else', () => {
    const alice = new SrtpSession();
    alice.configure({ send: testKey(1), receive: testKey(2) });
    const a = legOf(1);
    const secure = planOf(srtp(testKey(2), testKey(1)));
    const received = (): number => a.leg.stats().packetsReceived;
    a.leg.configure(planOf({}));
    a.receive(packet(1));
    a.leg.configure(secure);
    a.receive(packet(2));
    expect([received(), a.leg.stats().unauthenticated]).toEqual([1, 1]);
    const wire = alice.protect(packet(3))!;
    a.receive(Buffer.from(wire));
    a.leg.configure(planOf({}));
    a.receive(packet(4));
    a.leg.configure(secure);
    a.receive(Buffer.from(wire)); // a replay, also after the detour
    expect([received(), a.leg.stats().unauthenticated]).toEqual([3, 2]);
  });
});
