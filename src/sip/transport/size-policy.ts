/**
 * RFC 3261 §18.1.1 asks for TCP above 1300 bytes. Many carriers have no TCP, and refusing to send hurts as much as
 * changing the transport silently (PITFALLS row 23): UDP goes out as UDP, is fragmented by IP, and is counted and warned
 * about. TCP is for targets that offered it: by an open connection, by DNS, or by the settings of the trunk.
 */
export const UDP_WARN_BYTES = 1_300;

/** What an INVITE of ours takes beside its SDP and the fields that a scenario adds, generously. */
export const INVITE_HEAD_BYTES = 700;

/** Whether a message of this size is likely to be fragmented on its way. */
export function isLargeForUdp(bytes: number): boolean {
  return bytes > UDP_WARN_BYTES;
}
