/**
 * Our Contact: made from the flow that the message uses, so that the peer's next request arrives where this one came
 * from (PITFALLS row 8). It names us and never a party.
 */
import type { NameAddr } from '../message/types.ts';
import { sipUri } from '../message/uri.ts';
import type { Flow } from '../transport/types.ts';

/** User part of every Contact of a call. */
export const CONTACT_USER = 'maskline';

const NO_PARAMS: ReadonlyMap<string, string | null> = new Map();

export function contactFor(
  flow: Pick<Flow, 'advertised' | 'transport'>,
  user: string = CONTACT_USER,
): NameAddr {
  const { host, port } = flow.advertised;
  // RFC 3261 §19.1.2: udp is the default and is left out.
  const params = flow.transport === 'udp' ? {} : { transport: flow.transport };
  return { uri: sipUri({ user, host, port, params }), params: NO_PARAMS };
}
