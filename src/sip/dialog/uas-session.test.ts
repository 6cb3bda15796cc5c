import { describe, expect, it } from 'vitest';
import { FakeFlow, peerRequest } from '../transaction/test-support.ts';
import { callIn, dialogBench, leftovers, NOTHING } from './test-support.ts';

const CAPPED = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];

describe('a call that comes in', () => {
  it('rings, is answered, is ACKed, and is hung up by the caller', async () => {
    const b = dialogBench();
    const call = callIn(b);
    expect(call.session.offer).toBe('offer');
    call.session.provisional(180);
    call.session.provisional(183, { sdp: 'early' });
    call.session.accept({ sdp: 'answer' });
    expect(call.session.state).toBe('accepted');
    call.inDialog('ACK', { body: 'must be ignored' });
    expect(call.session.state).toBe('confirmed');
    call.inDialog('BYE', {
      fields: [
        ['X-Cause', 'done'],
        ['Reason', 'Q.850'],
      ],
    });
    expect(b.wire.story).toEqual(['180 INVITE', '183 INVITE', '200 INVITE', '200 BYE']);
    expect(call.told).toEqual(['confirmed -', 'ended by remote 200 answered']);
    expect(call.ends[0]!.headers).toEqual([['X-Cause', 'done']]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 9] Record-Route, Contact and one To tag stand in 101–199 and 2xx', () => {
    const b = dialogBench();
    const call = callIn(b, { fields: [['Record-Route', '<sip:p1;lr>']] });
    call.session.provisional(180);
    call.session.accept({ sdp: 'answer' });
    for (const { message } of b.wire.sent) {
      expect(message.headers.get('Record-Route')).toBe('<sip:p1;lr>');
      expect(message.headers.get('Contact')).toBe('<sip:maskline@10.0.0.1:5060>');
      expect(message.headers.get('To')).toBe(`<sip:service@10.0.0.1>;tag=${call.transaction.localTag}`);
    }
    call.inDialog('ACK');
    call.session.end();
    const bye = b.wire.requests('BYE')[0]!;
    expect(bye.uri).toBe('sip:caller@10.0.0.2:5060');
    expect(bye.headers.getAll('Route')).toEqual(['<sip:p1;lr>']);
  });

  it('[RFC 3261 §13.3.1.1] repeats its last provisional every minute', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    await b.clock.advance(130_000);
    expect(b.wire.times('180 INVITE')).toEqual([0, 60_000, 120_000]);
    call.session.reject(486);
    call.ackRejection();
    expect(call.told).toEqual(['ended by local 486']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it.each(['udp', 'tcp'] as const)('[row 3] 200 (11×), BYE: the ACK never comes, on %s', async (on) => {
    const b = dialogBench(on);
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    await b.clock.advance(31_999);
    expect(call.told).toEqual([]);
    await b.clock.advance(1);
    expect(b.wire.times('200 INVITE')).toEqual(CAPPED);
    expect(b.wire.times('BYE')[0]).toBe(32_000);
    expect(call.told).toEqual(['ended by fault 200 answered']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] an ACK stops the 2xx; another changes nothing', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    await b.clock.advance(600);
    call.inDialog('ACK');
    call.inDialog('ACK');
    await b.clock.advance(10_000);
    expect(b.wire.times('200 INVITE')).toEqual([0, 500]);
    expect(call.told).toEqual(['confirmed -']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] [RFC 3261 §15] end() before the ACK: the BYE waits for it, the user does not', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.session.end({ headers: [['X-Why', 'script']] });
    expect(call.told).toEqual(['ended by local 200 answered']);
    await b.clock.advance(600);
    expect(b.wire.story).toEqual(['200 INVITE', '200 INVITE']);
    call.inDialog('ACK');
    expect(b.wire.times('BYE')).toEqual([600]);
    expect(b.wire.requests('BYE')[0]!.headers.get('X-Why')).toBe('script');
    await b.clock.advance(10);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 3] end() before the ACK, and the ACK never comes: BYE after 64·T1', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.session.end();
    await b.clock.advance(32_000);
    expect(b.wire.times('BYE')).toEqual([32_000]);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 3] the caller hangs up before its ACK: the 2xx is not repeated any more', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.inDialog('BYE');
    expect(call.told).toEqual(['ended by remote 200 answered']);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(b.wire.story).toEqual(['200 INVITE', '200 BYE']);
  });

  it('[row 3] [RFC 3261 §13.3.1.4] the caller hangs up in its early dialog: the 2xx that it may lack is repeated', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    call.session.accept({ sdp: 'answer' });
    call.inDialog('BYE');
    expect(call.told).toEqual(['ended by remote 200 answered']);
    await b.clock.advance(600);
    expect(b.wire.times('200 INVITE')).toEqual([0, 500]);
    call.inDialog('ACK');
    await b.clock.advance(60_000);
    expect(b.wire.times('200 INVITE')).toEqual([0, 500]);
    expect(b.wire.requests('BYE')).toEqual([]);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it.each(['its ACK never comes', 'it says BYE once more'])(
    '[row 3] a BYE in the early dialog crosses our end(): the 2xx is repeated, no BYE of ours; %s',
    async (then) => {
      const b = dialogBench();
      const call = callIn(b);
      call.session.provisional(180);
      call.session.accept({ sdp: 'answer' });
      call.session.end();
      call.inDialog('BYE');
      await b.clock.advance(1_600);
      expect(b.wire.times('200 INVITE')).toEqual([0, 500, 1500]);
      if (then === 'it says BYE once more') call.inDialog('BYE');
      await b.clock.advance(40_000);
      expect(b.wire.times('200 INVITE').length).toBe(then === 'it says BYE once more' ? 3 : CAPPED.length);
      expect(b.wire.requests('BYE')).toEqual([]);
      expect(await leftovers(b)).toEqual(NOTHING);
      expect(call.ends).toHaveLength(1);
    },
  );

  it('end() before the ACK, and the caller hangs up first: one 200, no BYE of ours', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.session.end();
    call.inDialog('BYE');
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(b.wire.story).toEqual(['200 INVITE', '200 BYE']);
  });

  it('[row 14] late offer: ours in the 200, the answer in the ACK', async () => {
    const b = dialogBench();
    const call = callIn(b, {});
    expect(call.session.offer).toBeUndefined();
    call.session.accept({ sdp: 'our offer' });
    call.inDialog('ACK', { body: 'their answer' });
    expect(call.told).toEqual(['confirmed their answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('reads the offer out of a multipart body', () => {
    const part = ['--x', 'Content-Type: application/sdp', '', 'v=0', '--x--', ''].join('\r\n');
    const b = dialogBench();
    const request = peerRequest('INVITE', { fields: [['Content-Type', 'multipart/mixed;boundary=x']] });
    b.wire.receive({ ...request, body: Buffer.from(part) }, b.flow);
    expect(
      b.dialogs.acceptInvite(b.invites[0]!, {
        contact: {
          uri: { scheme: 'sip', host: 'h', params: new Map(), headers: new Map() },
          params: new Map(),
        },
      }).offer,
    ).toBe('v=0\r\n');
  });

  it('[row 2] the caller cancels: 200, 487, and nothing can be answered any more', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    call.cancel();
    expect(call.told).toEqual(['ended by remote 487']);
    call.session.accept({ sdp: 'answer' });
    call.session.reject(486);
    call.session.provisional(183);
    call.session.end();
    call.ackRejection();
    expect(b.wire.story).toEqual(['180 INVITE', '200 CANCEL', '487 INVITE']);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it.each([-1, 0, 1])(
    '[row 1] our 200 at %i ms around the CANCEL: one of the two wins, and all ends',
    async (delta) => {
      const b = dialogBench();
      const call = callIn(b);
      call.session.provisional(180);
      b.clock.setTimeout(() => call.cancel(), 100);
      b.clock.setTimeout(() => call.session.accept({ sdp: 'answer' }), 100 + delta);
      await b.clock.advance(102);
      expect(b.wire.times('200 CANCEL')).toHaveLength(1);
      if (delta < 0) {
        expect(b.wire.story).not.toContain('487 INVITE');
        expect(call.session.state).toBe('accepted');
        call.inDialog('ACK');
        call.inDialog('BYE');
        expect(call.told).toEqual(['confirmed -', 'ended by remote 200 answered']);
      } else {
        expect(b.wire.story).not.toContain('200 INVITE');
        expect(call.told).toEqual(['ended by remote 487']);
        call.ackRejection();
      }
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );

  it('[RFC 3261 §15.1.2] BYE in the early dialog: 200 to it, 487 to the INVITE', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    call.inDialog('BYE');
    call.ackRejection();
    expect(b.wire.story).toEqual(['180 INVITE', '200 BYE', '487 INVITE']);
    expect(call.told).toEqual(['ended by remote 487']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 25] the connection breaks while it rings: ended at once, by fault, 503', async () => {
    const b = dialogBench('tcp');
    const call = callIn(b);
    call.session.provisional(180);
    b.wire.breakFlow(b.flow);
    expect(call.told).toEqual(['ended by fault 503']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 8] [row 25] the connection of an answered call breaks: the BYE takes a new one', async () => {
    const next = new FakeFlow('tcp', { host: '10.0.0.2', port: 5060 }, { host: '10.0.0.1', port: 40_000 });
    const asked: unknown[] = [];
    const b = dialogBench('tcp', {
      flowTo: (uri) => {
        asked.push(uri);
        return Promise.resolve(next);
      },
    });
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.inDialog('ACK');
    b.wire.breakFlow(b.flow);
    expect(call.told).toEqual(['confirmed -']);
    call.session.end();
    await b.clock.advance(0);
    expect(asked).toMatchObject([{ host: '10.0.0.2', port: 5060 }]);
    expect(b.wire.sent.at(-1)).toMatchObject({ message: { method: 'BYE' }, flow: next });
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 8] while the flow is open it is preferred to what the Contact says', () => {
    const b = dialogBench('tcp');
    const call = callIn(b, { contact: '<sip:caller@192.168.1.5:12345>' });
    call.session.accept({ sdp: 'answer' });
    call.inDialog('ACK');
    call.session.end();
    expect(b.wire.sent.at(-1)).toMatchObject({
      message: { method: 'BYE', uri: 'sip:caller@192.168.1.5:12345' },
      flow: b.flow,
    });
  });

  it('a re-transmitted ringing call that nobody answers is not kept for ever', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    await b.clock.advance(15 * 60_000);
    expect(call.told).toEqual(['ended by fault 408']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
