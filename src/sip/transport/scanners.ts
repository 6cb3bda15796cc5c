import type { SipRequest } from '../message/types.ts';

/**
 * How the common scanning tools call themselves, for those who do not bother to change it. Whoever does is met by the
 * budget and the silence that every stranger is met by; this list only saves the challenge.
 */
const SCANNERS =
  /friendly-scanner|friendly-request|sip-?vicious|sundayddr|sip-?scan|sipcli|sip-?crack|vaxsipuseragent|pplsip|sivus|siparmyknife/i;

/** Whether a request calls itself a scanner, in User-Agent or as the caller's name. */
export function isScanner(request: SipRequest): boolean {
  const agent = request.headers.get('User-Agent');
  if (agent !== undefined && SCANNERS.test(agent)) return true;
  const from = request.headers.get('From');
  return from !== undefined && /^"?sipvicious/i.test(from);
}
