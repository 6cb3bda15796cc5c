import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NodeNetwork } from '../sip/transport/node-network.ts';
import { machineAddresses, mediaAddress, mediaAddresses } from './media-address.ts';

describe('the media address `auto`', () => {
  it('is the bound one where that is an address', async () => {
    expect(await mediaAddress('203.0.113.9', new NodeNetwork())).toBe('203.0.113.9');
  });

  it('is the one of the default route for a wildcard', async () => {
    const asked: string[] = [];
    const network = {
      localAddressFor: async (host: string) => {
        asked.push(host);
        return host.includes(':') ? '2001:db8::5' : '198.51.100.5';
      },
    };
    expect(await mediaAddress('0.0.0.0', network)).toBe('198.51.100.5');
    expect(await mediaAddress('::', network)).toBe('2001:db8::5');
    expect(asked).toEqual(['192.0.2.1', '2001:db8::1']);
  });

  it('is one that a peer can send to also on a machine without a default route', async () => {
    const network = { localAddressFor: () => Promise.reject(new Error('ENETUNREACH')) };
    const address = await mediaAddress('0.0.0.0', network);
    expect(isIPv4(address)).toBe(true);
    expect(['127.0.0.1', ...machineAddresses('ipv4')]).toContain(address);
  });

  it('on this machine is never the wildcard', async () => {
    const address = await mediaAddress('0.0.0.0', new NodeNetwork());
    expect(isIPv4(address)).toBe(true);
    expect(address).not.toBe('0.0.0.0');
  });
});

describe('an address of each IP version', () => {
  const network = {
    localAddressFor: async (host: string) => (host.includes(':') ? '2001:db8::5' : '198.51.100.5'),
  };

  it('is the first alone where there is no second', async () => {
    const found = await mediaAddresses({ host: '::1', advertise: 'auto' }, network);
    expect(found).toEqual({ addresses: { ipv6: '::1' }, advertised: { ipv6: '::1' } });
  });

  it('is bound and told by itself', async () => {
    const ipv6 = { host: '::', advertise: 'auto' };
    expect(await mediaAddresses({ host: '0.0.0.0', advertise: '203.0.113.9', ipv6 }, network)).toEqual({
      addresses: { ipv4: '0.0.0.0', ipv6: '::' },
      advertised: { ipv4: '203.0.113.9', ipv6: '2001:db8::5' },
    });
  });

  it.each([
    [
      'two of IPv6',
      '::1',
      { host: '2001:db8::1', advertise: 'auto' },
      /media\.host ::1 is an IPv6 address already/,
    ],
    ['two of IPv4', '127.0.0.1', { host: '127.0.0.2', advertise: 'auto' }, /127\.0\.0\.2 is no IPv6 address/],
    [
      'IPv4 told for IPv6',
      '127.0.0.1',
      { host: '::', advertise: '203.0.113.9' },
      /203\.0\.113\.9 is no IPv6 address/,
    ],
  ])('refuses %s', async (_what, host, ipv6, says) => {
    const finding = mediaAddresses({ host, advertise: 'auto', ipv6 }, network);
    await expect(finding).rejects.toMatchObject({
      code: 'config/invalid',
      message: expect.stringMatching(says),
    });
  });
});
