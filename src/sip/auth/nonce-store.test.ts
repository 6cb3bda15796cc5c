import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { equalTexts, NonceStore } from './nonce-store.ts';

const HOST = '203.0.113.7';

function store(options: { capacity?: number; realm?: string; clock?: VirtualClock } = {}) {
  const clock = options.clock ?? new VirtualClock();
  const nonces = new NonceStore({
    clock,
    random: seededRandom(1),
    realm: options.realm ?? 'maskline',
    secret: Buffer.alloc(32, 7),
    lifetimeMs: 60_000,
    ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
  });
  return { clock, nonces };
}

describe('nonces', () => {
  test('[row 26] each nc counts once; a late one within the window still counts', () => {
    const { nonces } = store();
    const nonce = nonces.issue(HOST);
    expect(nonces.use(nonce, 1, HOST)).toBe('fresh');
    expect(nonces.use(nonce, 1, HOST)).toBe('stale');
    expect(nonces.use(nonce, 3, HOST)).toBe('fresh');
    expect(nonces.use(nonce, 2, HOST)).toBe('fresh');
    expect(nonces.use(nonce, 2, HOST)).toBe('stale');
    expect(nonces.use(nonce, 500, HOST)).toBe('fresh');
    expect(nonces.use(nonce, 3, HOST)).toBe('stale');
    expect(nonces.use(nonce, 436, HOST)).toBe('stale');
    expect(nonces.use(nonce, 437, HOST)).toBe('fresh');
    expect(nonces.use(nonce, 0, HOST)).toBe('stale');
  });

  test('[row 26] a nonce is bound to its time', async () => {
    const { clock, nonces } = store();
    const nonce = nonces.issue(HOST);
    await clock.advance(59_999);
    expect(nonces.use(nonce, 1, HOST)).toBe('fresh');
    await clock.advance(2);
    expect(nonces.use(nonce, 2, HOST)).toBe('stale');
  });

  test('[row 26] a nonce is bound to its realm, and cannot be made or changed by others', () => {
    const { nonces } = store();
    const other = store({ realm: 'elsewhere' }).nonces;
    expect(nonces.use(other.issue(HOST), 1, HOST)).toBe('stale');
    expect(nonces.use('dcd98b7102dd2f0e8b11d0f600bfb0c093', 1, HOST)).toBe('stale');
    const nonce = nonces.issue(HOST);
    const later = (Number.parseInt(nonce.split('.')[0]!, 16) + 1000).toString(16);
    expect(nonces.use([later, ...nonce.split('.').slice(1)].join('.'), 1, HOST)).toBe('stale');
    expect(nonces.remembered).toBe(0);
  });

  test('[row 26] [RFC 7616 §3.3] a nonce is bound to the address that it was issued to', () => {
    const { nonces } = store();
    const nonce = nonces.issue(HOST);
    expect([nonces.isOurs(nonce, HOST), nonces.isOurs(nonce, '203.0.113.8')]).toEqual([true, false]);
    expect(nonces.use(nonce, 1, '203.0.113.8')).toBe('stale');
    expect(nonces.use(nonce, 1, HOST)).toBe('fresh');
    expect(nonces.remembered).toBe(1);
  });

  test('another node with the same secret accepts it', () => {
    const one = store().nonces;
    const two = store().nonces;
    expect(two.use(one.issue(HOST), 1, HOST)).toBe('fresh');
  });

  test('a peer without qop may use a nonce once', () => {
    const { nonces } = store();
    const nonce = nonces.issue(HOST);
    expect(nonces.use(nonce, undefined, HOST)).toBe('fresh');
    expect(nonces.use(nonce, undefined, HOST)).toBe('stale');
  });

  test('memory is bounded, and what was forgotten cannot be replayed', async () => {
    const { clock, nonces } = store({ capacity: 10 });
    const first = nonces.issue(HOST);
    expect(nonces.use(first, 1, HOST)).toBe('fresh');
    for (let i = 0; i < 100; i++) {
      await clock.advance(1);
      expect(nonces.use(nonces.issue(HOST), 1, HOST)).toBe('fresh');
    }
    expect(nonces.remembered).toBe(10);
    expect(nonces.use(first, 1, HOST)).toBe('stale');
  });

  test('issuing alone takes no memory', () => {
    const { nonces } = store();
    for (let i = 0; i < 1000; i++) nonces.issue(HOST);
    expect(nonces.remembered).toBe(0);
  });

  test('texts are compared in full', () => {
    expect(equalTexts('abc', 'abc')).toBe(true);
    expect(equalTexts('abc', 'abd')).toBe(false);
    expect(equalTexts('abc', 'ab')).toBe(false);
  });
});
