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

/** `scheme` is that of the Request-URI: whoever asked for `sips:` gets a `sips:` Contact (RFC 3261 §8.1.1.8, §12.1.1). */
export function contactFor(
  flow: Pick<Flow, 'advertised' | 'transport'>,
  user: string = CONTACT_USER,
  scheme: 'sip' | 'sips' = 'sip',
): NameAddr {
  const { host, port } = flow.advertised;
  const secure = scheme === 'sips' && flow.transport !== 'udp' && flow.transport !== 'tcp';
  return {
    uri: sipUri({ scheme: secure ? 'sips' : 'sip', user, host, port, params: transportParam(flow, secure) }),
    params: NO_PARAMS,
  };
}

/** RFC 3261 §19.1.2: udp is the default and is left out. §26.2.2: sips: says TLS by itself; RFC 7118 §5.2.2 for ws. */
function transportParam({ transport }: Pick<Flow, 'transport'>, secure: boolean): Record<string, string> {
  if (transport === 'udp' || (secure && transport === 'tls')) return {};
  return { transport: transport === 'wss' ? 'ws' : transport };
}
