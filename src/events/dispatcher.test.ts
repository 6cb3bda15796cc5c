import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { Dispatcher } from './dispatcher.ts';
import type { ClaimedDelivery, FailedDelivery, Outbox } from './ports.ts';
import { againInMs, RETRY_SECONDS } from './retries.ts';
import type { WebhookHttp } from './send.ts';

/** One delivery, and what was reported of it. */
class FakeOutbox implements Outbox {
  readonly calls: string[] = [];
  readonly failures: FailedDelivery[] = [];
  due: ClaimedDelivery[] = [];
  isDown = false;

  async claim({ most }: Parameters<Outbox['claim']>[0]): Promise<readonly ClaimedDelivery[]> {
    this.#note('claim');
    return this.due.splice(0, most);
  }
  async delivered(done: Parameters<Outbox['delivered']>[0]): Promise<void> {
    for (const { id, claim, status } of done) this.#note(`delivered ${id} ${claim} ${status}`);
  }
  async failed(id: string, _claim: string, outcome: FailedDelivery): Promise<void> {
    this.#note(`failed ${id}`);
    this.failures.push(outcome);
  }
  async release(node: string): Promise<number> {
    this.#note(`release ${node}`);
    return 0;
  }
  async giveUpOld(): Promise<number> {
    this.#note('giveUpOld');
    return 0;
  }
  async size(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
    return { waiting: this.due.length, oldestSeconds: 0 };
  }
  #note(call: string): void {
    this.calls.push(call);
    if (this.isDown) throw new Error('the database is away');
  }
}

const delivery = (id: string, attempts = 0): ClaimedDelivery => ({
  ...{ id, claim: `claim-${id}`, webhookId: 'wh_1', applicationId: 'app', attempts, ageMs: 0 },
  ...{ url: 'https://example.com', secrets: ['whsec_AAAA'] },
  event: {
    id: `evt_${id}`,
    applicationId: 'app',
    subject: 's',
    position: 1,
    type: 'call.ended',
    at: 0,
    data: {},
  },
});

function world(post: WebhookHttp['post'] = async () => ({ status: 200, body: new Uint8Array() })) {
  const clock = new VirtualClock(0);
  const outbox = new FakeOutbox();
  const more = { node: 'node-1', parallel: 2, perWebhook: 2, random: seededRandom(1), log: silentLogger };
  const dispatcher = new Dispatcher({ outbox, http: { post }, clock, ...more });
  return { clock, outbox, dispatcher };
}

describe('the dispatcher', () => {
  it('gives back what a dead process had, then looks twice a second, and leaves nothing behind', async () => {
    const { clock, outbox, dispatcher } = world();
    dispatcher.start();
    await settle();
    expect(outbox.calls).toEqual(['release node-1', 'giveUpOld', 'claim']);
    await clock.advance(500);
    expect(outbox.calls.slice(3)).toEqual(['claim']);
    await clock.advance(60_000);
    expect(outbox.calls.filter((call) => call === 'giveUpOld')).toHaveLength(2);
    await dispatcher.close(1_000);
    expect(outbox.calls.at(-1)).toBe('release node-1');
    expect([clock.pending, dispatcher.sending]).toEqual([0, 0]);
  });

  it('waits while the database is away, and goes on', async () => {
    const { clock, outbox, dispatcher } = world();
    outbox.isDown = true;
    outbox.due.push(delivery('1'));
    dispatcher.start();
    await clock.advance(4_999);
    expect(outbox.calls).toEqual(['release node-1']);
    outbox.isDown = false;
    await clock.advance(1);
    await settle();
    expect(outbox.calls).toContain('delivered 1 claim-1 200');
    await dispatcher.close(1_000);
    expect(clock.pending).toBe(0);
  });

  it('says when to try again, and when no more', async () => {
    const { clock, outbox, dispatcher } = world(async () => ({ status: 0, error: 'ECONNREFUSED' }));
    outbox.due.push(delivery('first'), delivery('last', RETRY_SECONDS.length));
    dispatcher.start();
    await settle();
    expect(outbox.failures).toEqual([
      { status: undefined, error: 'ECONNREFUSED', gone: false, againInMs: expect.any(Number) },
      { status: undefined, error: 'ECONNREFUSED', gone: false, againInMs: undefined },
    ]);
    expect(outbox.failures[0]?.againInMs).toBeGreaterThanOrEqual(5_000);
    expect(outbox.failures[0]?.againInMs).toBeLessThanOrEqual(5_250);
    expect(dispatcher.counts).toEqual({ delivered: 0, failed: 1, givenUp: 1 });
    await dispatcher.close(1_000);
    expect(clock.pending).toBe(0);
  });

  it('leaves a receiver alone for as long as it asks, and not for what is no time', async () => {
    const answers = [
      ['600'],
      ['Thu, 01 Jan 1970 00:20:00 GMT'],
      ['soon'],
      ['-5'],
      ['9999999'],
      ['600', '700'],
    ];
    const { clock, outbox, dispatcher } = world(async () => ({
      ...{ status: 429, body: new Uint8Array(), retryAfter: answers.shift() ?? [] },
    }));
    for (const id of '1234567') outbox.due.push(delivery(id));
    dispatcher.start();
    await clock.advance(0);
    await settle();
    const asked = outbox.failures.map(({ askedMs }) => askedMs);
    expect(asked).toEqual([600_000, 1_200_000, undefined, undefined, undefined, undefined, undefined]);
    const again = outbox.failures.map(({ againInMs }) => Math.floor((againInMs ?? 0) / 1_000));
    expect(again[0]).toBeGreaterThanOrEqual(600);
    expect(again[1]).toBeGreaterThanOrEqual(1_200);
    expect(Math.max(...again.slice(2))).toBeLessThanOrEqual(5);
    expect(outbox.failures.map(({ error }) => error).slice(0, 3)).toEqual([
      'it answered 429, and asks to be left alone for 600 s',
      'it answered 429, and asks to be left alone for 1200 s',
      'it answered 429',
    ]);
    await dispatcher.close(1_000);
  });

  it('sends no more at once than it may, and the next when one has ended', async () => {
    const answers: (() => void)[] = [];
    const { outbox, dispatcher } = world(
      () => new Promise((resolve) => answers.push(() => resolve({ status: 204, body: new Uint8Array() }))),
    );
    outbox.due.push(delivery('1'), delivery('2'), delivery('3'));
    dispatcher.start();
    await settle();
    expect([dispatcher.sending, answers.length]).toEqual([2, 2]);
    answers[0]?.();
    await settle();
    expect([dispatcher.sending, answers.length]).toEqual([2, 3]);
    for (const answer of answers) answer();
    await settle();
    expect(dispatcher.counts.delivered).toBe(3);
    await dispatcher.close(1_000);
  });

  it('does not wait longer for a database than it is told when it stops', async () => {
    const { clock, outbox, dispatcher } = world();
    dispatcher.start();
    await settle();
    outbox.release = () => new Promise(() => {});
    const closed = dispatcher.close(1_000);
    await clock.advance(1_000);
    await closed;
    expect(clock.pending).toBe(0);
  });
});

describe('the schedule', () => {
  it('is eight attempts within a day, however the dice fall', () => {
    const random = seededRandom(7);
    for (let run = 0; run < 100; run++) {
      let ageMs = 0;
      const pauses = Array.from({ length: 8 }, (_, attempt) => {
        const ms = againInMs(attempt + 1, random, { ageMs });
        ageMs += ms ?? 0;
        return ms;
      });
      expect(pauses[7]).toBeUndefined();
      const hours = pauses.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / 3_600_000;
      expect(hours).toBeGreaterThan(23.5);
      // Rows older than 25 hours are given up (storage/outbox.ts): the last attempt must come before.
      expect(hours).toBeLessThan(25);
    }
  });

  it('waits longer for who asks for it, but has its last chance within the day', () => {
    const random = seededRandom(7);
    const HOUR = 3_600_000;
    for (let run = 0; run < 100; run++) {
      const asked = againInMs(1, random, { ageMs: 0, askedMs: 6 * HOUR }) ?? 0;
      expect(asked).toBeGreaterThanOrEqual(6 * HOUR);
      expect(asked).toBeLessThanOrEqual(6.3 * HOUR);
      // Less than the schedule: the schedule.
      expect(againInMs(4, random, { ageMs: 0, askedMs: 1_000 })).toBeGreaterThanOrEqual(2 * HOUR);
      const last = againInMs(2, random, { ageMs: 20 * HOUR, askedMs: 24 * HOUR }) ?? 0;
      expect(20 * HOUR + last).toBeLessThan(25 * HOUR);
      expect(last).toBeGreaterThan(4 * HOUR);
    }
    expect(againInMs(2, random, { ageMs: 24.9 * HOUR, askedMs: HOUR })).toBeUndefined();
    expect(againInMs(8, random, { ageMs: 0, askedMs: HOUR })).toBeUndefined();
  });
});
