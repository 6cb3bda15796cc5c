import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NodeNetwork } from '../sip/transport/node-network.ts';
import { machineAddresses, mediaAddress } from './media-address.ts';

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
