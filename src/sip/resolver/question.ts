/** What of a URI decides where it leads (RFC 3263 §4, RFC 3261 §19.1.1). */
import type { SipUri, Uri } from '../message/types.ts';
import { isSipUri } from '../message/uri.ts';
import type { NaptrRecord, ResolvedTarget } from './types.ts';

export type Transport = ResolvedTarget['transport'];

export interface Question {
  /** TARGET of RFC 3263 §4: maddr, else the host. */
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined where the URI leaves it open. */
  readonly transport: Transport | undefined;
  /** A sips: URI: nothing but TLS will do (RFC 3261 §26.2.2). */
  readonly secure: boolean;
}

/** Throws where no question can be asked, with what to do about it. */
export function questionOf(uri: Uri): Question {
  if (!isSipUri(uri))
    throw new Error(`A ${uri.scheme}: URI names no host to send to; a trunk must be chosen for it.`);
  const secure = uri.scheme === 'sips';
  const host = (uri.params.get('maddr') ?? uri.host).replace(/^\[|\]$/g, '').toLowerCase();
  return { host, port: uri.port, transport: transportOf(uri, secure), secure };
}

function transportOf(uri: SipUri, secure: boolean): Transport | undefined {
  const name = uri.params.get('transport')?.toLowerCase();
  if (name === undefined) return undefined;
  if (name === 'tls') return 'tls';
  // §26.2.2: the transport parameter of a sips: URI says what lies below TLS.
  if (name === 'tcp') return secure ? 'tls' : 'tcp';
  if (name === 'udp' && !secure) return 'udp';
  if (secure) throw new Error('A sips: URI is reached over TLS only; leave its transport away or say tcp.');
  throw new Error(`The transport ${name.slice(0, 16)} of a URI is not supported; use udp, tcp or tls.`);
}

/** RFC 3263 §4.1, and RFC 3261 §19.1.2 for the port. */
export const defaultTransport = ({ secure }: Question): Transport => (secure ? 'tls' : 'udp');
export const defaultPort = (transport: Transport): number => (transport === 'tls' ? 5061 : 5060);

/** The SRV name of a transport (§4.1). */
export function serviceOf(transport: Transport, host: string): string {
  return transport === 'tls' ? `_sips._tcp.${host}` : `_sip._${transport}.${host}`;
}

const NAPTR_SERVICES: ReadonlyMap<string, Transport> = new Map([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
]);

/** The services of a domain that we speak, in the order that it wants (§4.1): order first, then preference. */
export function servicesIn(
  records: readonly NaptrRecord[],
  secure: boolean,
): readonly { readonly transport: Transport; readonly name: string }[] {
  return [...records]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ flags, service, replacement }) => {
      const transport = NAPTR_SERVICES.get(service.toUpperCase());
      const usable = flags.toLowerCase() === 's' && replacement !== '' && replacement !== '.';
      if (transport === undefined || !usable || (secure && transport !== 'tls')) return [];
      return [{ transport, name: replacement.toLowerCase() }];
    });
}
