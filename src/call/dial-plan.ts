import { PhoneNumber } from '../kernel/phone-number.ts';
import {
  type MaskedIdentity,
  showAnonymous,
  showServiceNumber,
  showVerifiedNumber,
} from '../masking/masked-identity.ts';
import type { CallTarget, OutboundInvite } from '../sip/user-agent/types.ts';
import type { CallFacts } from './call-base.ts';
import { causeOfError, type HangupCause, reasonOf } from './hangup-cause.ts';
import { outboundInvite, shownDisplayName } from './outbound-invite.ts';
import type { CallDirectory, DialRequest, DialTarget } from './types.ts';

/** What a dial request comes to: an INVITE, or the reason why there will be none. */
export interface DialPlan {
  readonly facts: CallFacts;
  readonly dropped: readonly string[];
  readonly outcome:
    | { readonly kind: 'invite'; readonly invite: OutboundInvite }
    | { readonly kind: 'refused'; readonly cause: HangupCause };
}

/** Judges what a script wants to dial: target, identity, display name, headers, hops. Pure; never throws. */
export function planDial(
  request: DialRequest,
  directory: CallDirectory,
  country: string | undefined,
): DialPlan {
  const display = shownDisplayName(request.displayName);
  const target = targetOf(request, directory, country);
  const identity = identityOf(request, display.name, directory, country);
  const facts = factsOf(request, display.name, country);
  const refused = (cause: HangupCause): DialPlan => ({
    facts,
    dropped: display.dropped,
    outcome: { kind: 'refused', cause },
  });
  if ('code' in target) return refused(target);
  if (identity === undefined) return refused(causeOfError('identity/refused'));
  // RFC 3261 §8.1.1.6; PITFALLS row 44: hops are counted across the legs.
  if (request.maxForwards <= 0) return refused({ code: 483, reason: reasonOf(483), by: 'local' });
  const { headers, maxForwards } = request;
  const { invite, dropped } = outboundInvite({ identity, target, headers, maxForwards });
  return { facts, dropped: [...display.dropped, ...dropped], outcome: { kind: 'invite', invite } };
}

function targetOf(
  { target, applicationId }: DialRequest,
  directory: CallDirectory,
  country: string | undefined,
): CallTarget | HangupCause {
  if (target.kind === 'pstn') return pstnTarget(target.number, country);
  // Somebody who withheld their number, or was never one: there is nobody to call.
  if (target.kind === 'number')
    return target.number.isE164
      ? { kind: 'trunk', number: target.number }
      : { code: 404, reason: reasonOf(404), by: 'local' };
  if (target.kind === 'user') {
    const { username } = target;
    return directory.isUser(applicationId, username)
      ? { kind: 'user', username }
      : causeOfError('user/unknown');
  }
  // RFC 3261 §19.1.1: a Request-URI has no header part; a script's `?P-Asserted-Identity=…` would be one.
  if (!/^sips?:[^\s<>"?]{1,255}$/i.test(target.uri)) {
    return { code: 404, reason: 'The SIP address is not one', by: 'local' };
  }
  const { uri, auth } = target;
  if (auth === undefined) return { kind: 'uri', uri };
  // PITFALLS row 20: a name goes into a quoted string of Authorization, where a line break would end the field.
  if (/\p{Cc}/u.test(auth.username)) return { code: 401, reason: reasonOf(401), by: 'local' };
  return { kind: 'uri', uri, auth };
}

/** E.164, or the short numbers of a PBX behind a trunk. */
function pstnTarget(text: string, country: string | undefined): CallTarget | HangupCause {
  const digits = text.replace(/[\s().-]/g, '');
  if (!/^\+?\d*$/.test(digits)) return { code: 404, reason: reasonOf(404), by: 'local' };
  // RFC 3261 §21.4.22. Two digits are nobody's number; more than E.164's fifteen (with `00` before) neither.
  if (digits.length < 3) return { code: 484, reason: reasonOf(484), by: 'local' };
  if (digits.length > 17) return { code: 404, reason: reasonOf(404), by: 'local' };
  return { kind: 'trunk', number: PhoneNumber.parse(digits, country) };
}

/**
 * Who is shown. For every target the same rule: a service number of the application, or a number that was verified for
 * it. VoxEngine lets scripts show any text to SIP accounts; we do not, because a caller's number is a text too. In its
 * place, calls to SIP accounts and addresses may show nobody: with an empty callerid, or with the name of an account
 * of the application, as scripts for the cloud have it. Such a name is not shown.
 */
function identityOf(
  { applicationId, callerid, target }: DialRequest,
  displayName: string,
  directory: CallDirectory,
  country: string | undefined,
): MaskedIdentity | undefined {
  const number = numberOf(callerid, country);
  const held =
    showServiceNumber(directory, applicationId, number, displayName) ??
    showVerifiedNumber(directory, applicationId, number, displayName);
  // `number` goes to the phone network, too.
  const isOurs = target.kind === 'user' || target.kind === 'sip';
  if (held !== undefined || !isOurs || typeof callerid !== 'string') return held;
  const nobody = callerid.trim() === '' || directory.isUser(applicationId, callerid);
  return nobody ? showAnonymous() : undefined;
}

/** What the script sees of its own call; none of it goes onto the wire. */
function factsOf(request: DialRequest, displayName: string, country: string | undefined): CallFacts {
  const called = calledOf(request.target);
  return {
    callerid: numberOf(request.callerid === '' ? 'anonymous' : request.callerid, country),
    number: numberOf(called, country),
    displayName,
    // A `PhoneNumber` hides its digits here as everywhere.
    fromUri: `sip:${request.callerid === '' ? 'anonymous@anonymous.invalid' : request.callerid}`,
    toUri: request.target.kind === 'sip' ? request.target.uri : `sip:${called}`,
    headers: {},
    maskingSessionId: request.maskingSessionId,
  };
}

function numberOf(given: string | PhoneNumber, country: string | undefined): PhoneNumber {
  return typeof given === 'string' ? PhoneNumber.parse(given, country) : given;
}

function calledOf(target: DialTarget): string | PhoneNumber {
  if (target.kind === 'number') return target.number;
  if (target.kind === 'pstn') return target.number;
  if (target.kind === 'user') return target.username;
  return /^sips?:([^@]*)@/i.exec(target.uri)?.[1] ?? target.uri;
}
