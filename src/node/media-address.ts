import { networkInterfaces } from 'node:os';
import type { Network } from '../sip/transport/types.ts';

/** Never assigned (RFC 5737 §3, RFC 3849 §2): asking for the way there gives the default route. Nothing is sent. */
const SOMEWHERE = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const;
const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1' } as const;

export type Family = keyof typeof SOMEWHERE;

export const familyOfHost = (host: string): Family => (host.includes(':') ? 'ipv6' : 'ipv4');
export const isWildcardHost = (host: string): boolean => host === '0.0.0.0' || host === '::';

/**
 * The address that our SDP names when the settings say `auto`: the bound one, or for a wildcard the machine's own on
 * its default route; on a machine without network the loopback, where phones of the same machine still find it.
 */
export async function mediaAddress(host: string, network: Pick<Network, 'localAddressFor'>): Promise<string> {
  if (!isWildcardHost(host)) return host;
  const family = familyOfHost(host);
  try {
    return (await network.localAddressFor?.(SOMEWHERE[family])) ?? LOOPBACK[family];
  } catch {
    return machineAddresses(family)[0] ?? LOOPBACK[family];
  }
}

/** Addresses of this machine's interfaces, loopback left out. */
export function machineAddresses(family: Family): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((one) => !one.internal && one.family === (family === 'ipv4' ? 'IPv4' : 'IPv6'))
    .filter((one) => !one.address.startsWith('fe80:'))
    .map((one) => one.address);
}
