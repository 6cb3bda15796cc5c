/**
 * Random schedules: whatever order things happen in, a session ends exactly once, and no timer, transaction, session or
 * dialog is left. A failing run prints its schedule, which is a test of its own.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { cseq, toTag } from '../message/fields.ts';
import type { SipMessage } from '../message/types.ts';
import { FakeFlow, join, peerRequest, peerResponse } from '../transaction/test-support.ts';
import {
  CONTACT,
  callIn,
  callOut,
  type DialogBench,
  dialogBench,
  inviteParts,
  leftovers,
  listen,
  NOTHING,
} from './test-support.ts';
import type { InviteSession, UasSession } from './types.ts';

const RUNS = 250;
const body = { contentType: 'text/plain', content: Buffer.from('x') };

/** Things that happen at a time; times meet often, so that races do. */
const schedule = <A extends string>(...actions: A[]) =>
  fc.array(
    fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(500, 501, 4000, 31_999, 32_000, 33_000)),
      action: fc.constantFrom(...actions),
    }),
    { maxLength: 9 },
  );

const replies = ['accept', 'reject', 'never', 'unheard'] as const;

function answerReOffers(session: InviteSession, how: (typeof replies)[number]): void {
  if (how === 'unheard') return;
  session.events.on('reoffer', (reOffer) => {
    if (how === 'accept') reOffer.accept('sdp');
    else if (how === 'reject') reOffer.reject(488);
  });
}

/** Runs the schedule, then ends the session if nobody has, and gives everything its time. */
async function play<A>(
  b: DialogBench,
  session: InviteSession,
  plan: readonly { readonly at: number; readonly action: A }[],
  act: (action: A) => void,
  other: () => InviteSession | undefined = () => undefined,
): Promise<void> {
  for (const { at, action } of plan) b.clock.setTimeout(() => act(action), at);
  await b.clock.advance(100_000);
  session.end();
  other()?.end();
  expect(await leftovers(b)).toEqual(NOTHING);
}

/** A callee or caller that answers what needs an answer, with what it is told to lose. */
function peerReacts(b: DialogBench, lose: { readonly ack: boolean; readonly answers: boolean }): void {
  b.wire.onSend = (message: SipMessage) => {
    b.clock.setTimeout(() => {
      if (message.kind === 'request') {
        if (message.method === 'ACK' || message.method === 'INVITE' || lose.answers) return;
        b.wire.receive(peerResponse(message, 200), b.flow);
      } else if (message.status >= 200 && cseq(message).method === 'INVITE' && !lose.ack) {
        const via = message.headers.get('Via') ?? '';
        const branch = /branch=([^;]+)/.exec(via)?.[1] ?? '';
        const to = message.headers.get('To') ?? '';
        const fields = { cseq: cseq(message).sequence, to };
        b.wire.receive(peerRequest('ACK', message.status >= 300 ? { ...fields, branch } : fields), b.flow);
      }
    }, 2);
  };
}

describe('[row 1] [row 3] [row 5] [row 40] random schedules leave nothing behind', () => {
  const lose = fc.record({ ack: fc.boolean(), answers: fc.boolean() });

  it('[row 3] a call that comes in', async () => {
    const actions = schedule(
      '180',
      '183',
      'accept',
      'reject',
      'end',
      'info out',
      'CANCEL',
      'BYE',
      'INVITE',
      'UPDATE',
      'INFO',
      'late ACK',
      'break',
    );
    await fc.assert(
      fc.asyncProperty(
        actions,
        lose,
        fc.constantFrom(...replies),
        fc.constantFrom('udp', 'tcp'),
        fc.boolean(),
        async (plan, losses, how, on, withOffer) => {
          const b = dialogBench(on);
          peerReacts(b, losses);
          const call = callIn(b, withOffer ? { body: 'offer' } : {});
          answerReOffers(call.session, how);
          let sequence = 10;
          const inDialog = (method: string) => {
            sequence += 1;
            call.inDialog(method, { cseq: sequence, ...(method === 'INFO' ? {} : { body: 'sdp' }) });
          };
          await play(b, call.session, plan, (action) => {
            if (action === '180' || action === '183') call.session.provisional(Number(action));
            else if (action === 'accept') call.session.accept({ sdp: 'answer' });
            else if (action === 'reject') call.session.reject(486);
            else if (action === 'end') call.session.end();
            else if (action === 'info out') void call.session.info(body);
            else if (action === 'CANCEL') call.cancel();
            else if (action === 'late ACK') call.inDialog('ACK');
            else if (action === 'break') b.wire.breakFlow(b.flow);
            else inDialog(action);
          });
          expect(call.ends).toHaveLength(1);
          expect(call.told.at(-1)).toMatch(/^ended/);
          const finals = b.wire.sent
            .map(({ message }) => message)
            .filter((m) => m.kind === 'response' && m.status >= 200 && m.headers.get('CSeq') === '10 INVITE')
            .map((m) => (m.kind === 'response' ? m.status : 0));
          expect(new Set(finals).size).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('[row 1] [row 5] [row 8] a call that goes out, to a place that may have to be looked up', async () => {
    const actions = schedule(
      '100',
      '180 a',
      '183 b',
      '200 a',
      '200 b',
      '200 a',
      '486',
      '503',
      '401',
      'end',
      'info out',
      'BYE',
      'INVITE',
      'UPDATE',
      'break',
    );
    await fc.assert(
      fc.asyncProperty(
        actions,
        lose,
        fc.constantFrom(...replies),
        fc.constantFrom('udp', 'tcp'),
        fc.constantFrom(undefined, 0, 300, 3_000),
        async (plan, losses, how, on, lookUpMs) => {
          const far = new FakeFlow(on, { host: '10.0.0.7', port: 5070 });
          const flowTo = () =>
            new Promise<FakeFlow>((resolve) => b.clock.setTimeout(() => resolve(far), lookUpMs ?? 0));
          const b: DialogBench = dialogBench(on, lookUpMs === undefined ? {} : { flowTo });
          const contact = lookUpMs === undefined ? {} : { contact: '<sip:gw@gw.example:5070>' };
          peerReacts(b, losses);
          const call = await callOut(b, {
            ...(lookUpMs === undefined ? {} : { reach: 'target' }),
            onChallenge: () => [['Authorization', 'x']],
          });
          answerReOffers(call.session, how);
          let sequence = 0;
          await play(b, call.session, plan, (action) => {
            const [status, tag] = action.split(' ');
            if (action === 'end') call.session.end();
            else if (action === 'info out') void call.session.info(body);
            else if (action === 'break') b.wire.breakFlow(b.flow);
            else if (/^\d/.test(action)) call.answer(Number(status), { tag: tag ?? 'peer', ...contact });
            else {
              sequence += 1;
              call.inDialog(action, { cseq: sequence, tag: 'a', body: 'sdp' });
            }
          });
          expect(call.ends).toHaveLength(1);
          expect(call.told.at(-1)).toMatch(/^ended/);
          // On a path that lives, no callee is left off-hook: whoever got an ACK got a BYE, or sent one.
          const broke = plan.some(({ action }) => action === 'break');
          const tagsOf = (method: string) =>
            new Set(b.wire.requests(method).map((request) => toTag(request)));
          const hungUpByPeer = b.wire.responses('200 BYE').length > 0;
          if (!broke && !hungUpByPeer) {
            const acked = b.wire.requests('ACK').filter((ack) => ['a', 'b'].includes(toTag(ack) ?? ''));
            for (const ack of acked) expect(tagsOf('BYE')).toContain(toTag(ack));
            // §13.2.2.4, §15: the ACK goes first, also where both wait for one look-up.
            const first = (method: string, tag: string | undefined) =>
              b.wire.sent.findIndex(
                ({ message }) =>
                  message.kind === 'request' && message.method === method && toTag(message) === tag,
              );
            for (const ack of acked) expect(first('ACK', toTag(ack))).toBeLessThan(first('BYE', toTag(ack)));
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('[row 3] the peer changes its Contact while the ACK waits for a look-up: the BYE still leaves after the ACK', async () => {
    const far = new FakeFlow('udp', { host: '10.0.0.7', port: 5070 });
    const b: DialogBench = dialogBench('udp', {
      flowTo: () => new Promise((resolve) => b.clock.setTimeout(() => resolve(far), 3_000)),
    });
    peerReacts(b, { ack: false, answers: false });
    const call = await callOut(b, { reach: 'target' });
    answerReOffers(call.session, 'accept');
    call.answer(200, { tag: 'a', contact: '<sip:gw@gw.example:5070>' });
    call.inDialog('UPDATE', { cseq: 1, tag: 'a', body: 'sdp' });
    await b.clock.advance(500);
    call.session.end();
    await b.clock.advance(100_000);
    const methods = b.wire.sent
      .map(({ message }) => (message.kind === 'request' ? message.method : ''))
      .filter((method) => method === 'ACK' || method === 'BYE');
    expect(methods.slice(0, 2)).toEqual(['ACK', 'BYE']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] two of us over a network that loses and reorders', async () => {
    const actions = schedule('180', '183', 'accept', 'reject', 'A ends', 'B ends', 'A info', 'B info');
    await fc.assert(
      fc.asyncProperty(
        actions,
        fc.integer({ min: 0, max: 50 }),
        fc.integer(),
        fc.constantFrom('udp', 'tcp'),
        async (plan, lossPercent, seed, on) => {
          const clock = new VirtualClock();
          const caller = dialogBench(on, {}, { clock, seed });
          const callee = dialogBench(on, {}, { clock, seed: seed + 1000 });
          const dice = seededRandom(seed);
          join(caller, callee, {
            clock,
            latency: () => (on === 'udp' ? dice.int(30) : 5),
            lost: () => on === 'udp' && dice.int(100) < lossPercent,
          });
          const out = caller.dialogs.invite(inviteParts(new FakeFlow(on, { host: '10.0.0.2', port: 5060 })));
          const outRecord = listen(out);
          let inbound: { session: UasSession; ends: unknown[] } | undefined;
          callee.dialogs.user = {
            onInvite: (transaction) => {
              const session = callee.dialogs.acceptInvite(transaction, { contact: CONTACT });
              inbound = { session, ...listen(session) };
            },
            onRequest: () => expect.unreachable(),
          };
          await play(
            caller,
            out,
            plan,
            (action) => {
              if (action === 'A ends') out.end();
              else if (action === 'A info') void out.info(body);
              else if (action === 'B ends') inbound?.session.end();
              else if (action === 'B info') void inbound?.session.info(body);
              else if (action === 'accept') inbound?.session.accept({ sdp: 'answer' });
              else if (action === 'reject') inbound?.session.reject(486);
              else inbound?.session.provisional(Number(action));
            },
            () => inbound?.session,
          );
          expect(outRecord.ends).toHaveLength(1);
          if (inbound !== undefined) {
            expect(await leftovers(callee)).toEqual(NOTHING);
            expect(inbound.ends).toHaveLength(1);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
