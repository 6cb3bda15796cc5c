import { describe, expect, test } from 'vitest';
import { parseBlock, trunkBySource } from './peer-match.ts';
import { trunk } from './test-support/settings.ts';

describe('peers by address', () => {
  const wide = trunk({ name: 'wide', allowedSources: ['198.51.100.0/24', '2001:db8::/32'] });
  const exact = trunk({ name: 'exact', allowedSources: ['198.51.100.7', '203.0.113.0/30'] });
  const digest = trunk({ name: 'digest', allowedSources: [] });
  const trunks = [digest, wide, exact];

  test.each([
    ['198.51.100.1', 'wide'],
    ['198.51.100.7', 'exact'],
    ['203.0.113.3', 'exact'],
    ['203.0.113.4', undefined],
    ['::ffff:198.51.100.1', 'wide'],
    ['2001:db8:1::5', 'wide'],
    ['[2001:db8:1::5]', 'wide'],
    ['2001:db9::1', undefined],
    ['carrier.example', undefined],
  ])('%s is of %s', (host, name) => {
    expect(trunkBySource(trunks, host)?.name).toBe(name);
  });

  test.each(['', 'carrier.example', '198.51.100.0/33', '198.51.100.0/x', '1.2.3.4/24/8', '300.1.1.1'])(
    'the entry "%s" matches nobody',
    (text) => {
      expect(parseBlock(text)).toBeUndefined();
    },
  );

  test('a block of everything is possible, and for its family only', () => {
    const open = [trunk({ allowedSources: ['0.0.0.0/0'] })];
    expect(trunkBySource(open, '8.8.8.8')).toBeDefined();
    expect(trunkBySource(open, '2001:db8::1')).toBeUndefined();
  });
});
