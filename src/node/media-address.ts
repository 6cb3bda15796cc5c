import { networkInterfaces } from 'node:os';
import type { Settings } from '../config/schema.ts';
import { MasklineError } from '../kernel/errors.ts';
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

/** What the engine binds and what our SDP names, by IP version. */
export interface MediaAddresses {
  readonly addresses: { readonly [K in Family]?: string };
  readonly advertised: { readonly [K in Family]?: string };
}

/** One address for each IP version that the settings name. Throws `config/invalid` where the two do not fit. */
export async function mediaAddresses(
  media: Pick<Settings['media'], 'host' | 'advertise' | 'ipv6'>,
  network: Pick<Network, 'localAddressFor'>,
): Promise<MediaAddresses> {
  const places = [media, ...(media.ipv6 === undefined ? [] : [media.ipv6])];
  checkFamilies(media);
  const found = await Promise.all(
    places.map(async ({ host, advertise }) => ({
      family: familyOfHost(host),
      host,
      told: advertise === 'auto' ? await mediaAddress(host, network) : advertise,
    })),
  );
  return {
    addresses: Object.fromEntries(found.map(({ family, host }) => [family, host])),
    advertised: Object.fromEntries(found.map(({ family, told }) => [family, told])),
  };
}

function checkFamilies({ host, ipv6 }: Pick<Settings['media'], 'host' | 'ipv6'>): void {
  if (ipv6 === undefined) return;
  if (familyOfHost(ipv6.host) !== 'ipv6')
    throw new MasklineError('config/invalid', `/media/ipv6/host: ${ipv6.host} is no IPv6 address.`);
  if (familyOfHost(host) === 'ipv6')
    throw new MasklineError(
      'config/invalid',
      `/media/ipv6: media.host ${host} is an IPv6 address already; one of each IP version can be used.`,
    );
  if (!isName(ipv6.advertise) && familyOfHost(ipv6.advertise) !== 'ipv6')
    throw new MasklineError('config/invalid', `/media/ipv6/advertise: ${ipv6.advertise} is no IPv6 address.`);
}

const isName = (text: string): boolean => !/^[\d.]+$|:/.test(text);
