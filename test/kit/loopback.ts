/**
 * A loopback address of this test process alone: `last` is its last byte. Test files run side by side, and a capture of
 * one must not hold the packets of another's peers.
 */
export function ownLoopback(last: number): string {
  const { pid } = process;
  return `127.${1 + ((pid >> 8) % 250)}.${1 + (pid % 250)}.${last}`;
}
