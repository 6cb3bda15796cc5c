import type { ReferRequest } from '../sip/dialog/types.ts';
import { toHeaderMap } from './header-allow-list.ts';
import type { TransferProgress, TransferRequest } from './types.ts';

/** What a phone number is written with, without its visual separators (RFC 3966 §3). */
const DIGITS = /^\+?[0-9*#]{1,32}$/;
const SEPARATORS = /[().-]/g;
/** Nothing longer, and nothing with blanks, quotes or controls, is an address that a script could dial. */
const ADDRESS = /^[!#-;=?-~]{1,512}$/;

/**
 * Hands a REFER to whoever listens (RFC 3515). It is taken or refused by the end of `tell`; what nobody took, and what
 * is not the address of somebody to call, gets 603.
 */
export function requestTransfer(refer: ReferRequest, tell: (request: TransferRequest) => void): void {
  // An attended transfer (RFC 3891) would join somebody to a call that the script has not made.
  const target = refer.replaces === undefined ? transferTarget(refer.referTo) : undefined;
  if (target === undefined) {
    refer.reject(603);
    return;
  }
  let settled = false;
  tell({
    target,
    headers: toHeaderMap(refer.headers),
    accept: () => {
      if (settled) return { progress: () => undefined };
      settled = true;
      return progressTo(refer.accept());
    },
    reject: (code) => {
      if (settled) return;
      settled = true;
      refer.reject(Number.isInteger(code) && code >= 400 && code <= 699 ? code : 603);
    },
  });
  if (settled) return;
  settled = true;
  refer.reject(603);
}

/**
 * Whom a Refer-To names: the digits of a telephone number, or a SIP URI without parameters and header fields. Undefined
 * for what is not a plain call to somebody: another method, other schemes.
 */
export function transferTarget(referTo: string): string | undefined {
  if (!ADDRESS.test(referTo)) return undefined;
  const [bare = '', ...parameters] = splitParameters(referTo.split('?', 1)[0] ?? '');
  // RFC 3515 §2.4.2: another method would not be a call.
  if (parameters.some((one) => /^method=(?!INVITE$)/i.test(one))) return undefined;
  const number = /^tel:(.+)$/i.exec(bare)?.[1];
  if (number !== undefined) return digitsOf(number);
  const sip = /^(sips?):(?:([^@]+)@)?([^@]+)$/i.exec(bare);
  if (sip === null) return undefined;
  const [, scheme = '', userinfo, host = ''] = sip;
  if (userinfo === undefined) return `${scheme.toLowerCase()}:${host}`;
  // Parameters of the user part (`;phone-context`), and a password, are not part of whom to call.
  const user = userinfo.split(/[;:]/, 1)[0] ?? '';
  return user === '' ? undefined : (digitsOf(user) ?? `${scheme.toLowerCase()}:${user}@${host}`);
}

/** At the parameters of the URI, not at those of its user part. */
function splitParameters(address: string): string[] {
  const at = address.indexOf('@') + 1;
  const [host = '', ...parameters] = address.slice(at).split(';');
  return [address.slice(0, at) + host, ...parameters];
}

function digitsOf(text: string): string | undefined {
  const digits = text.replace(/^%2B/i, '+').replace(SEPARATORS, '');
  return DIGITS.test(digits) ? digits : undefined;
}

/** The last word is said once, and what is no status is not said at all. */
function progressTo(subscription: TransferProgress): TransferProgress {
  let over = false;
  return {
    progress: (status) => {
      if (over || !Number.isInteger(status) || status < 100 || status > 699) return;
      over = status >= 200;
      subscription.progress(status);
    },
  };
}
