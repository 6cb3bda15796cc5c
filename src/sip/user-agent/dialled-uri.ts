import type { PhoneNumber } from '../../kernel/phone-number.ts';
import { isSipUri, parseUri } from '../message/uri.ts';
import { numberOfUri } from './party-number.ts';

/** What a SIP URI that is to be called names, read by the same parser that the dial plan goes by. */
export interface DialledUri {
  /** The hosts that it can lead to: its own, and the one that `maddr` puts in its place (RFC 3261 §19.1.1). Lower case. */
  readonly hosts: readonly string[];
  /** The telephone number in its user part, if it is one in E.164. */
  readonly number: PhoneNumber | undefined;
  readonly hasUser: boolean;
}

/** Undefined for what is no SIP URI; the dial plan refuses that. */
export function readDialledUri(text: string): DialledUri | undefined {
  try {
    const uri = parseUri(text.trim());
    if (!isSipUri(uri)) return undefined;
    const maddr = uri.params.get('maddr');
    const hosts = [uri.host, ...(typeof maddr === 'string' ? [maddr] : [])];
    const number = numberOfUri(uri);
    return {
      hosts: hosts.map((host) => host.toLowerCase().replace(/^\[|\]$/g, '')),
      number: number?.isE164 === true ? number : undefined,
      hasUser: uri.user !== undefined,
    };
  } catch {
    return undefined;
  }
}
