import { createHash } from 'node:crypto';

/**
 * The id of an event that may be written twice: the same parts give the same id. A UUID of version 8 (RFC 9562 §5.8) from
 * SHA-256; whoever cannot guess the parts (ids of calls are random) cannot guess the id.
 */
export function eventIdOf(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex');
  return `evt_${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
