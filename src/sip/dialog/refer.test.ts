import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../message/types.ts';
import { peerResponse } from '../transaction/test-support.ts';
import { callIn, type DialogBench, dialogBench, leftovers, NOTHING } from './test-support.ts';
import type { ReferProgress, ReferRequest } from './types.ts';

const text = (message: SipMessage): string => Buffer.from(message.body).toString();

function scene(b: DialogBench = dialogBench('tcp')) {
  const call = callIn(b);
  call.session.accept({ sdp: 'answer' });
  call.inDialog('ACK');
  b.wire.sent.length = 0;
  const refers: ReferRequest[] = [];
  call.session.events.on('refer', (refer) => refers.push(refer));
  let sequence = 10;
  const refer = (...fields: (readonly [string, string])[]): number => {
    sequence += 1;
    call.inDialog('REFER', { cseq: sequence, fields });
    return sequence;
  };
  const answerNotify = (status = 200): void =>
    b.wire.receive(peerResponse(b.wire.requests('NOTIFY').at(-1)!, status), b.flow);
  const notifies = () =>
    b.wire
      .requests('NOTIFY')
      .map((notify) => [
        notify.headers.get('Event'),
        notify.headers.get('Subscription-State'),
        text(notify).trim(),
      ]);
  return { b, ...call, refers, refer, answerNotify, notifies };
}

const TO = ['Refer-To', '<sip:+79031112233@10.0.0.9>'] as const;

describe('REFER inside a call', () => {
  it('[RFC 3515 §2.4.4] [RFC 3515 §2.4.5] 202, NOTIFY 100 at once, one for each status, and the last ends the subscription', async () => {
    const s = scene();
    s.refer(TO, ['X-Why', 'transfer'], ['Referred-By', '<sip:secret@10.0.0.2>']);
    expect(s.refers[0]).toMatchObject({
      referTo: 'sip:+79031112233@10.0.0.9',
      replaces: undefined,
      headers: [['X-Why', 'transfer']],
    });
    const progress = s.refers[0]!.accept();
    s.answerNotify();
    progress.progress(180);
    s.answerNotify();
    progress.progress(200);
    s.answerNotify();
    progress.progress(180);
    expect(s.b.wire.story).toEqual(['202 REFER', 'NOTIFY', 'NOTIFY', 'NOTIFY']);
    expect(s.notifies()).toEqual([
      ['refer', 'active;expires=300', 'SIP/2.0 100 Trying'],
      ['refer', 'active;expires=300', 'SIP/2.0 180 Ringing'],
      ['refer', 'terminated;reason=noresource', 'SIP/2.0 200 OK'],
    ]);
    const notify = s.b.wire.requests('NOTIFY')[0]!;
    expect(notify.headers.get('Content-Type')).toBe('message/sipfrag;version=2.0');
    expect(notify.headers.get('Contact')).toContain('maskline');
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 3515 §2.4.6] a second REFER has a subscription of its own, named by its CSeq', async () => {
    const s = scene();
    s.refer(TO);
    const first = s.refers[0]!.accept();
    const sequence = s.refer(TO);
    const second = s.refers[1]!.accept();
    second.progress(486);
    first.progress(503);
    expect(s.notifies().map(([event, state]) => `${event} ${state?.split(';')[0]}`)).toEqual([
      'refer active',
      `refer;id=${sequence} active`,
      `refer;id=${sequence} terminated`,
      'refer terminated',
    ]);
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('a peer that transfers without end is refused at the ninth, until one has ended', async () => {
    const s = scene();
    for (let i = 0; i < 9; i += 1) {
      s.refer(TO);
      s.refers[i]?.accept();
    }
    expect([s.refers.length, s.b.wire.story.at(-1)]).toEqual([8, '603 REFER']);
    for (const notify of s.b.wire.requests('NOTIFY').slice(0, 1))
      s.b.wire.receive(peerResponse(notify, 481), s.b.flow);
    s.refer(TO);
    expect(s.refers).toHaveLength(9);
    s.refers[8]!.reject(603);
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 4488 §4] Refer-Sub: false: 202 says the same, and there is no NOTIFY', async () => {
    const s = scene();
    s.refer(TO, ['Refer-Sub', 'false'], ['Require', 'norefersub']);
    s.refers[0]!.accept().progress(200);
    expect(s.b.wire.story).toEqual(['202 REFER']);
    expect(s.b.wire.responses('202 REFER')[0]!.headers.get('Refer-Sub')).toBe('false');
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 3515 §2.4.2] refused by the user, without a listener, without a Refer-To, with two, and with another method', async () => {
    const s = scene();
    s.refer(TO);
    s.refers[0]!.reject(403);
    s.refers[0]!.reject(603);
    s.refers[0]!.accept().progress(200);
    s.refer();
    s.refer(TO, TO);
    s.refer(['Refer-To', 'nonsense']);
    s.refer(['Refer-To', '<mailto:a@b>']);
    s.refer(['Refer-To', '<sip:a@b;method=BYE>']);
    expect(s.b.wire.story).toEqual([
      '403 REFER',
      '400 REFER',
      '400 REFER',
      '400 REFER',
      '400 REFER',
      '603 REFER',
    ]);
    s.session.events.removeAll();
    s.refer(TO);
    expect(s.b.wire.story.at(-1)).toBe('603 REFER');
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 3891 §3] an attended transfer shows its Replaces, and no other field of that URI', async () => {
    const s = scene();
    s.refer(['Refer-To', '<sip:a@10.0.0.9;user=phone?Replaces=12%40x%3Bto-tag%3Da&Subject=leak>']);
    expect(s.refers[0]).toMatchObject({ referTo: 'sip:a@10.0.0.9;user=phone', replaces: '12@x;to-tag=a' });
    s.refers[0]!.reject(603);
    s.refer(['Refer-To', '<tel:+79031112233>']);
    expect(s.refers[1]!.referTo).toBe('tel:+79031112233');
    s.refers[1]!.reject(603);
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 6665 §4.2.2] the subscription expires, or ends when the peer knows it no more; the call lives on', async () => {
    for (const how of ['expires', 'refused', 'silent'] as const) {
      const s = scene();
      s.refer(TO);
      const progress: ReferProgress = s.refers[0]!.accept();
      if (how === 'expires') s.answerNotify();
      if (how === 'refused') s.answerNotify(481);
      await s.b.clock.advance(300_000);
      expect(s.b.wire.times('NOTIFY')).toHaveLength(how === 'expires' ? 2 : 1);
      if (how === 'expires') expect(s.notifies()[1]![1]).toBe('terminated;reason=timeout');
      progress.progress(200);
      expect(s.b.wire.times('NOTIFY')).toHaveLength(how === 'expires' ? 2 : 1);
      expect(s.session.state).toBe('confirmed');
      s.session.end();
      expect(await leftovers(s.b)).toEqual(NOTHING);
    }
  });

  it('[RFC 3515 §2.4.7] whoever transferred hangs up first: the outcome is still told, and no timer waits for it', async () => {
    const s = scene();
    s.refer(TO);
    const progress = s.refers[0]!.accept();
    s.answerNotify();
    s.inDialog('BYE', { cseq: 50 });
    // All that ever waits is the transaction of the INVITE, for retransmissions.
    await s.b.clock.advance(32_000);
    expect(s.b.clock.pending).toBe(0);
    progress.progress(200);
    expect(s.notifies().at(-1)).toEqual(['refer', 'terminated;reason=noresource', 'SIP/2.0 200 OK']);
    s.answerNotify(481);
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });
});

describe('MESSAGE inside a call', () => {
  it('[RFC 3428 §7] is answered with 200 and told, with its body and X- fields; ours leaves in the dialog', async () => {
    const s = scene();
    const heard: string[] = [];
    s.session.events.on('message', ({ body, headers }) =>
      heard.push(
        `${body?.contentType} ${Buffer.from(body?.content ?? []).toString()} ${headers.flat().join('=')}`,
      ),
    );
    s.inDialog('MESSAGE', { cseq: 11, body: 'hello', fields: [['X-A', 'b']] });
    expect(s.b.wire.story).toEqual(['200 MESSAGE']);
    expect(heard).toEqual(['application/sdp hello X-A=b']);
    const sent = s.session.message({ contentType: 'text/plain', content: Buffer.from('hi') }, [['X-C', 'd']]);
    const message = s.b.wire.requests('MESSAGE')[0]!;
    expect([message.headers.get('Content-Type'), text(message), message.headers.get('X-C')]).toEqual([
      'text/plain',
      'hi',
      'd',
    ]);
    s.b.wire.receive(peerResponse(message, 202), s.b.flow);
    await expect(sent).resolves.toBe(202);
    s.session.end();
    await expect(s.session.message({ contentType: 'text/plain', content: Buffer.from('') })).resolves.toBe(
      481,
    );
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });
});
