/** A call of this session to a conference that has a session of its own. */
import type { ConferenceCommand } from '../parts/conference-protocol.ts';
import type { SessionContext } from './session-context.ts';

type ConferenceCall = Extract<ConferenceCommand, { type: 'conference-call' }>;

export function joinConference(context: SessionContext, command: ConferenceCall): void {
  const { services, request, media, log } = context;
  const { callId, name, callerid, displayName, headers } = command;
  if (context.calls.has(callId)) {
    log('warn', 'A call id was used twice; the second call is not made.');
    return;
  }
  const alive = [...context.calls.values()].filter(({ call }) => call.state !== 'TERMINATED').length;
  if (alive >= services.limits.calls) {
    log('warn', `A session has at most ${services.limits.calls} calls.`);
    return;
  }
  if (services.conferences === undefined) throw new Error('this server has no conferences of their own');
  const call = services.conferences.call({
    applicationId: request.route.applicationId,
    name,
    callerid,
    displayName,
    headers,
    // As between servers: a conference that calls another one, which calls the first, ends (PITFALLS row 44).
    maxForwards: request.inbound === undefined ? 70 : request.inbound.maxForwards - 1,
    media,
    warn: (message) => log('warn', message),
  });
  context.own(callId, call);
}
