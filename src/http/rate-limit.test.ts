import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { RateLimit } from './rate-limit.ts';
import { createWorld, type World } from './test-support/world.ts';

function refused(what: () => void): string | undefined {
  try {
    what();
    return undefined;
  } catch (error) {
    return (error as { headers: Record<string, string> }).headers['retry-after'];
  }
}

describe('the rate limit', () => {
  it('of a key fills again with time', async () => {
    const clock = new VirtualClock();
    const limit = new RateLimit({ requestsPerMinute: 6, failuresPerMinute: 1 }, clock);
    const ask = (key: string) => refused(() => limit.passed(key, `secret of ${key}`));
    for (let i = 0; i < 6; i++) expect(ask('a')).toBeUndefined();
    expect(ask('a')).toBe('10');
    expect(ask('b')).toBeUndefined();
    await clock.advance(10_000);
    expect(ask('a')).toBeUndefined();
    expect(ask('a')).toBe('10');
  });

  it('of an address spares keys that were right lately', async () => {
    const clock = new VirtualClock();
    const limit = new RateLimit({ requestsPerMinute: 100, failuresPerMinute: 2 }, clock);
    limit.passed('a', 'good');
    for (let i = 0; i < 2; i++) {
      expect(refused(() => limit.beforeLookUp('192.0.2.1', 'bad'))).toBeUndefined();
      limit.failed('192.0.2.1');
    }
    expect(refused(() => limit.beforeLookUp('192.0.2.1', 'bad'))).toBe('30');
    expect(refused(() => limit.beforeLookUp('192.0.2.1', undefined))).toBe('30');
    expect(refused(() => limit.beforeLookUp('192.0.2.1', 'good'))).toBeUndefined();
    expect(refused(() => limit.beforeLookUp('192.0.2.2', 'bad'))).toBeUndefined();
  });

  it('remembers a bounded number of addresses', () => {
    const limit = new RateLimit({ requestsPerMinute: 1, failuresPerMinute: 1 }, new VirtualClock());
    limit.failed('first');
    for (let i = 0; i < 10_000; i++) limit.failed(`address ${i}`);
    expect(refused(() => limit.beforeLookUp('first', 'bad'))).toBeUndefined();
    expect(refused(() => limit.beforeLookUp('address 9999', 'bad'))).toBeDefined();
  });

  it('can be switched off', () => {
    const limit = new RateLimit({ requestsPerMinute: 0, failuresPerMinute: 0 }, new VirtualClock());
    for (let i = 0; i < 1_000; i++) {
      limit.passed('a', 'good');
      limit.failed('192.0.2.1');
      limit.beforeLookUp('192.0.2.1', 'bad');
    }
  });
});

describe('[RFC 6585 §4] the API', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ rateLimits: { requestsPerMinute: 3, failuresPerMinute: 3 } });
  });
  afterAll(() => world.close());

  it('answers 429 with Retry-After when a key asks too often', async () => {
    const headers = await world.key(['calls:read']);
    const ask = () => world.app.inject({ url: '/v1/calls', headers });
    for (let i = 0; i < 3; i++) expect((await ask()).statusCode).toBe(200);
    const response = await ask();
    expect(response.statusCode).toBe(429);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ code: 'rate/requests', retryable: true });
  });

  it('answers 429 to an address that fails too often, and needs no key for health', async () => {
    const good = await world.key(['calls:read']);
    expect((await world.app.inject({ url: '/v1/calls', headers: good })).statusCode).toBe(200);
    const bad = { authorization: 'Bearer mk_wrong' };
    for (let i = 0; i < 3; i++) {
      expect((await world.app.inject({ url: '/v1/calls', headers: bad })).statusCode).toBe(401);
    }
    const response = await world.app.inject({ url: '/v1/calls', headers: bad });
    expect(response.json()).toMatchObject({ status: 429, code: 'rate/failures' });
    expect((await world.app.inject({ url: '/v1/calls', headers: good })).statusCode).toBe(200);
    expect((await world.app.inject('/health')).statusCode).toBe(200);
  });
});
