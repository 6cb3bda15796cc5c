import { BlockList, isIP } from 'node:net';

/**
 * Addresses and CIDR blocks as a list to look packets' sources up in; `undefined` for none. Entries that are neither are
 * left out: what a trunk's settings may say is checked where they are read, and a list that became shorter lets in less.
 */
export function knownSources(entries: readonly string[] | undefined): BlockList | undefined {
  if (entries === undefined || entries.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    if (family === 0) continue;
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : Number(prefix);
    if (Number.isInteger(length) && length >= 0 && length <= bits)
      list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
