import { describe, expect, it } from 'vitest';
import { cseq, toTag } from '../message/fields.ts';
import { callOut, dialogBench, leftovers, NOTHING } from './test-support.ts';

/** Every order of three. */
const ORDERS = [
  ['a', 'b', 'c'],
  ['a', 'c', 'b'],
  ['b', 'a', 'c'],
  ['b', 'c', 'a'],
  ['c', 'a', 'b'],
  ['c', 'b', 'a'],
] as const;

/** A call, and every description that it was told to use, in order. */
async function scene() {
  const b = dialogBench();
  const call = await callOut(b);
  const used: string[] = [];
  const note = ({ sdp }: { readonly sdp: string | undefined }): void =>
    void (sdp !== undefined && used.push(sdp));
  call.session.events.on('provisional', note);
  call.session.events.on('accepted', note);
  const tagsOf = (method: string) => b.wire.requests(method).map((request) => toTag(request));
  return { b, ...call, used, tagsOf };
}

describe('three forks', () => {
  it.each(ORDERS)(
    '[row 5] [row 15] [RFC 3261 §13.2.2.4] early media %s, %s, %s: the newest wins; each may answer, and its own media is used',
    async (...order) => {
      for (const answering of ['a', 'b', 'c']) {
        const s = await scene();
        for (const tag of order) s.answer(183, { tag, body: `early ${tag}` });
        expect(s.used).toEqual(order.map((tag) => `early ${tag}`));
        s.answer(200, { tag: answering });
        // The newest one's is in force already; another one's comes back.
        const expected = order.map((tag) => `early ${tag}`);
        expect(s.used).toEqual(answering === order[2] ? expected : [...expected, `early ${answering}`]);
        for (const tag of order.filter((other) => other !== answering)) {
          s.answer(200, { tag, body: `answer ${tag}` });
          s.answer(183, { tag, body: `late ${tag}` });
        }
        expect(s.used).toHaveLength(answering === order[2] ? 3 : 4);
        expect(s.tagsOf('ACK').sort()).toEqual(['a', 'b', 'c']);
        expect(s.tagsOf('BYE').sort()).toEqual(['a', 'b', 'c'].filter((tag) => tag !== answering));
        s.session.end();
        expect(s.ends).toHaveLength(1);
        expect(await leftovers(s.b)).toEqual(NOTHING);
      }
    },
  );

  it('[row 5] [row 13] [RFC 3261 §12.2.1.1] one that had its PRACK and answers late: the CSeq of its BYE goes on from there', async () => {
    const s = await scene();
    const reliable: [string, string][] = [
      ['Require', '100rel'],
      ['RSeq', '1'],
    ];
    s.answer(183, { tag: 'b', fields: reliable });
    s.answer(200, { tag: 'a' });
    s.answer(200, { tag: 'b' });
    const ofB = (method: string) => s.b.wire.requests(method).filter((request) => toTag(request) === 'b')[0]!;
    expect(cseq(ofB('BYE')).sequence).toBeGreaterThan(cseq(ofB('PRACK')).sequence);
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it.each(ORDERS)(
    '[row 5] all three answer in the order %s, %s, %s: the first is the call, the others get ACK and BYE',
    async (...order) => {
      const s = await scene();
      for (const tag of order) s.answer(200, { tag, body: `answer ${tag}` });
      expect(s.used).toEqual([`answer ${order[0]}`]);
      expect(s.tagsOf('ACK')).toEqual([...order]);
      expect(s.tagsOf('BYE')).toEqual([order[1], order[2]]);
      // A retransmission of each gets its ACK again, and no second BYE (row 3).
      for (const tag of order) s.answer(200, { tag, body: `answer ${tag}` });
      expect(s.tagsOf('ACK')).toEqual([...order, ...order]);
      expect(s.tagsOf('BYE')).toHaveLength(2);
      s.session.end();
      expect(await leftovers(s.b)).toEqual(NOTHING);
    },
  );

  it.each(ORDERS)(
    '[row 5] [RFC 6228 §4] %s, %s, %s, and they end by 199: the media of the newest that is left comes back',
    async (...order) => {
      const s = await scene();
      const [first, second, third] = order;
      for (const tag of order) s.answer(183, { tag, body: `early ${tag}` });
      s.answer(199, { tag: third });
      expect(s.used.at(-1)).toBe(`early ${second}`);
      s.answer(199, { tag: first });
      expect(s.used).toHaveLength(4);
      // What still comes of an early dialog that has ended is not heard.
      s.answer(183, { tag: third, body: 'ghost' });
      s.inDialog('UPDATE', { tag: third, cseq: 1, body: 'ghost' });
      expect(s.b.wire.story.at(-1)).toBe('481 UPDATE');
      expect(s.used).toHaveLength(4);
      s.answer(199, { tag: second });
      expect(s.used).toHaveLength(4);
      expect(s.b.dialogs.counts.dialogs).toBe(0);
      expect(s.session.state).toBe('proceeding');
      s.answer(486);
      expect(s.ends).toHaveLength(1);
      expect(await leftovers(s.b)).toEqual(NOTHING);
    },
  );

  it('[RFC 6228 §4] an INVITE of ours says that it understands 199; a 2xx of an early dialog that had ended is an answer all the same', async () => {
    const s = await scene();
    expect(s.lastInvite().headers.getAll('Supported')).toContain('199');
    s.answer(180, { tag: 'a' });
    s.answer(199, { tag: 'a' });
    s.answer(200, { tag: 'a', body: 'answer' });
    expect(s.told.at(-1)).toBe('accepted answer');
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[RFC 6228 §4] a reliable 199 gets its PRACK in the dialog that it ends', async () => {
    const s = await scene();
    const fields = [
      ['Require', '100rel'],
      ['RSeq', '1'],
    ] as const;
    s.answer(199, { tag: 'a', fields });
    expect(s.tagsOf('PRACK')).toEqual(['a']);
    s.answer(486);
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });
});

describe('early media', () => {
  it.each([180, 183])(
    '[row 15] %i with SDP is early media, and the SDP of the 200 may be another one',
    async (status) => {
      const s = await scene();
      s.answer(status, { body: 'port 1' });
      s.answer(status, { body: 'port 2' });
      s.answer(200, { body: 'port 3' });
      expect(s.used).toEqual(['port 1', 'port 2', 'port 3']);
      s.session.end();
      expect(await leftovers(s.b)).toEqual(NOTHING);
    },
  );

  it('[row 15] also after a reliable 18x has answered, though the RFC has no place for it', async () => {
    const s = await scene();
    const fields = [
      ['Require', '100rel'],
      ['RSeq', '1'],
    ] as const;
    s.answer(183, { body: 'port 1', fields });
    s.answer(200, { body: 'port 2' });
    expect(s.used).toEqual(['port 1', 'port 2']);
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });

  it('[row 15] the 200 leaves the SDP out that its 18x has said: it is in force', async () => {
    const s = await scene();
    s.answer(183, { body: 'port 1' });
    s.answer(200);
    expect(s.told).toEqual(['183 sdp', 'accepted -']);
    void s.session.reoffer('hold');
    expect(s.b.wire.story.at(-1)).toBe('INVITE');
    s.session.end();
    expect(await leftovers(s.b)).toEqual(NOTHING);
  });
});
