import { describe, expect, it } from 'vitest';
import { NetFence } from './net-fence.ts';

describe('NetFence', () => {
  const fence = new NetFence();

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '0:0:0:0:0:ffff:7f00:1',
    '64:ff9b::a00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2002:a00:1::',
    '2001::1',
    'nonsense',
    '',
  ])('keeps %s out of reach', (address) => {
    expect(fence.allows(address)).toBe(false);
  });

  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
    'lets %s through',
    (address) => {
      expect(fence.allows(address)).toBe(true);
    },
  );

  it('lets through what the settings name: hosts, addresses, CIDRs', () => {
    const open = new NetFence(['10.1.0.0/16', '192.168.0.7', 'fd00::/8', 'Backend.Local']);
    expect(
      ['10.1.9.9', '192.168.0.7', 'fd00::1', '::ffff:10.1.0.1'].map((address) => open.allows(address)),
    ).toEqual([true, true, true, true]);
    expect(['10.2.0.1', '192.168.0.8'].map((address) => open.allows(address))).toEqual([false, false]);
    expect(open.choose('backend.local', [{ address: '10.9.9.9', family: 4 }])).toEqual({
      address: '10.9.9.9',
      family: 4,
    });
    expect(() => open.choose('other.local', [{ address: '10.9.9.9', family: 4 }])).toThrow(/httpAllow/);
  });

  it('takes the first address that may be reached', () => {
    expect(
      fence.choose('mixed', [
        { address: '10.0.0.1', family: 4 },
        { address: '1.1.1.1', family: 4 },
      ]).address,
    ).toBe('1.1.1.1');
  });
});
