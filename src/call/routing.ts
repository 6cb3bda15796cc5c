import type { ErrorCode } from '../kernel/errors.ts';
import type { IncomingCall } from '../sip/user-agent/types.ts';
import type { CallDirectory, Route } from './types.ts';

export type Routing =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'refused'; readonly error: ErrorCode };

/**
 * Application, then rule (ARCHITECTURE, row 5). A trunk's call belongs to the application that holds the dialled
 * number. A SIP account's call belongs to the account's own application, whose rules may match anything that a phone
 * can dial; service numbers of other applications are not reached that way.
 *
 * The dialled number has already been brought to E.164 by the country of its trunk.
 */
export function routeCall(
  incoming: Pick<IncomingCall, 'peer' | 'dialled'>,
  directory: CallDirectory,
): Routing {
  const { peer, dialled } = incoming;
  const applicationId =
    peer.kind === 'user' ? peer.user.applicationId : directory.applicationOfNumber(dialled)?.id;
  if (applicationId === undefined) return { kind: 'refused', error: 'number/unknown' };
  const route = directory.routeFor(applicationId, dialled);
  return route === undefined ? { kind: 'refused', error: 'rule/none' } : { kind: 'route', route };
}
