/**
 * What may be wrong with the RTP port range, told before the first call (PITFALLS row 33).
 */
import { readFileSync } from 'node:fs';

const EPHEMERAL_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** Warnings in plain words, each with what to do; empty when all is well. `ephemeral` is the system's file by default. */
export function checkPorts(
  range: { readonly min: number; readonly max: number },
  ephemeral: string | undefined = readEphemeralRange(),
): string[] {
  const warnings: string[] = [];
  const first = range.min + (range.min % 2);
  const pairs = Math.max(0, Math.floor((range.max + 1 - first) / 2));
  if (pairs < 2)
    warnings.push(`media.ports ${range.min}-${range.max} has room for ${pairs} legs; one call needs two.`);
  const [from, to] = (ephemeral ?? '').trim().split(/\s+/).map(Number);
  if (from !== undefined && to !== undefined && range.min <= to && range.max >= from)
    warnings.push(
      `media.ports ${range.min}-${range.max} overlaps the ports that the system gives to outgoing connections ` +
        `(${from}-${to}): choose a range below ${from}, or reserve yours in net.ipv4.ip_local_reserved_ports.`,
    );
  return warnings;
}

function readEphemeralRange(): string | undefined {
  try {
    return readFileSync(EPHEMERAL_RANGE, 'utf8');
  } catch {
    return undefined; // not Linux: nothing to compare with
  }
}
