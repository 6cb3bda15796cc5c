import { describe, expect, test } from 'vitest';
import { settle, VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { Emitter } from '../../kernel/emitter.ts';
import type { ReOfferOutcome, SessionEnd, SessionEvents, SessionState, UacSession } from '../dialog/types.ts';
import { OutboundSession } from './outbound-session.ts';

/** An attempt that does what the test says. */
class Attempt implements UacSession {
  readonly id = 'attempt';
  readonly role = 'uac';
  readonly events = new Emitter<SessionEvents>();
  state: SessionState = 'calling';
  ended = 0;

  end(): void {
    this.ended += 1;
  }

  async info(): Promise<number> {
    return 200;
  }

  async message(): Promise<number> {
    return 200;
  }

  async reoffer(): Promise<ReOfferOutcome> {
    return { kind: 'ended' };
  }

  finish(changes: Partial<SessionEnd> = {}): void {
    this.state = 'ended';
    const end = {
      by: 'remote',
      answered: false,
      status: 503,
      reason: '',
      headers: [],
      retryable: true,
    } as const;
    this.events.emit('ended', { ...end, ...changes });
  }
}

function calling(...attempts: (Attempt | Promise<Attempt>)[]) {
  const left = [...attempts];
  const session = new OutboundSession({
    id: 'call',
    clock: new VirtualClock(),
    next: async () => {
      const next = left.shift();
      if (next === undefined) throw new Error('nowhere left');
      return { session: await next, failsOver: ({ retryable }) => retryable, progressMs: 0 };
    },
    onListenerError: (error) => {
      throw error;
    },
  });
  const ends: SessionEnd[] = [];
  session.events.on('ended', (end) => ends.push(end));
  session.start();
  return { session, ends };
}

describe('an outbound call over several attempts', () => {
  test('nothing happens before start() has returned', async () => {
    const attempt = new Attempt();
    const { session, ends } = calling(attempt);
    expect(session.state).toBe('calling');
    expect(attempt.events.listenerCount('ended')).toBe(0);
    await settle();
    expect(attempt.events.listenerCount('ended')).toBe(1);
    expect(ends).toEqual([]);
  });

  test('[row 39] end() during an attempt: no further one, whatever that attempt ends with', async () => {
    const first = new Attempt();
    const second = new Attempt();
    const { session, ends } = calling(first, second);
    await settle();
    session.end();
    expect(first.ended).toBe(1);
    first.finish({ status: 487 });
    await settle();
    expect(ends).toMatchObject([{ status: 487 }]);
    expect(second.events.listenerCount('ended')).toBe(0);
  });

  test('[row 40] end() while the next attempt is being prepared: ended at once, and the attempt that comes late too', async () => {
    const first = new Attempt();
    const late = new Attempt();
    let arrive = (_: Attempt): void => {};
    const { session, ends } = calling(first, new Promise<Attempt>((resolve) => (arrive = resolve)));
    await settle();
    first.finish();
    await settle();
    expect(session.state).toBe('calling');
    session.end();
    session.end();
    expect(ends).toMatchObject([{ by: 'local', status: 487 }]);
    arrive(late);
    await settle();
    expect(late.ended).toBe(1);
    late.finish();
    expect(ends).toHaveLength(1);
  });

  test('when all have failed, what the last peer said is what the call ends with', async () => {
    const first = new Attempt();
    const { ends } = calling(first);
    await settle();
    first.finish({ status: 503 });
    await settle();
    expect(ends).toMatchObject([{ status: 503, by: 'remote' }]);
  });

  test('a re-offer that nobody listens for is refused, so that the peer is not left waiting', async () => {
    const attempt = new Attempt();
    const { session } = calling(attempt);
    await settle();
    const statuses: number[] = [];
    const reoffer = { sdp: 'v=0', accept: () => {}, reject: (status: number) => statuses.push(status) };
    attempt.events.emit('reoffer', reoffer);
    expect(statuses).toEqual([488]);
    const seen: unknown[] = [];
    session.events.on('reoffer', (offer) => seen.push(offer));
    attempt.events.emit('reoffer', reoffer);
    expect(seen).toEqual([reoffer]);
    expect(statuses).toEqual([488]);
  });
});
