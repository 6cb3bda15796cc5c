/** Commands that concern one call's signalling. */
import type { HeaderMap } from '../../call/types.ts';
import type { HostCommand } from '../protocol.ts';
import { messageOf, type SessionCall, type SessionContext } from './session-context.ts';

export type CallCommand = Extract<
  HostCommand,
  {
    type:
      | 'dial'
      | 'call-answer'
      | 'call-ring'
      | 'call-early-media'
      | 'call-hangup'
      | 'call-reject'
      | 'call-handle-tones'
      | 'call-send-digits'
      | 'call-send-info'
      | 'call-send-message'
      | 'call-hold'
      | 'call-unhold'
      | 'call-handle-transfer'
      | 'call-transfer-result';
  }
>;

export function runCallCommand(context: SessionContext, command: CallCommand): void {
  if (command.type === 'dial') {
    dial(context, command);
    return;
  }
  if (command.type === 'call-transfer-result') {
    endTransfer(context, command);
    return;
  }
  const owned = context.calls.get(command.callId);
  // Its end may be on its way to the script while the script still speaks to it (PITFALLS row 40).
  if (owned === undefined || owned.call.state === 'TERMINATED') return;
  const { call } = owned;
  switch (command.type) {
    case 'call-answer':
      call.answer(command.headers);
      return;
    case 'call-ring':
      call.ring(command.headers);
      return;
    case 'call-early-media':
      call.startEarlyMedia(command.headers);
      return;
    case 'call-reject':
      refuse(owned, command.code, command.headers);
      return;
    case 'call-hangup':
      // A plain hang-up ends at once, in the middle of a word if need be: so VoxEngine has it. Waiting for the end of a
      // prompt is what `PlaybackFinished` and `playSoundAndHangup` are for (PITFALLS row 37).
      call.hangup(command.headers);
      return;
    case 'call-send-info':
      call.sendInfo(command.mimeType, command.body, command.headers);
      return;
    case 'call-send-message':
      call.sendMessage(command.text);
      return;
    case 'call-hold':
      call.hold();
      return;
    case 'call-unhold':
      call.unhold();
      return;
    case 'call-handle-transfer':
      owned.handlesTransfers = command.on;
      return;
    case 'call-send-digits':
      withMedia(context, owned, (leg) => leg.sendDigits(command.digits));
      return;
    case 'call-handle-tones':
      owned.tones = command.on;
      withMedia(context, owned, (leg) => leg.detectDigits(owned.tones));
  }
}

function dial(context: SessionContext, command: Extract<HostCommand, { type: 'dial' }>): void {
  const { services, request, sessionId, media } = context;
  if (context.calls.has(command.callId)) {
    context.log('warn', 'A call id was used twice; the second call is not made.');
    return;
  }
  const alive = [...context.calls.values()].filter(({ call }) => call.state !== 'TERMINATED').length;
  if (alive >= services.limits.calls) {
    context.log('warn', `A session has at most ${services.limits.calls} calls.`);
    return;
  }
  const call = services.calls.dial(
    {
      applicationId: request.route.applicationId,
      target: command.target,
      callerid: command.callerid,
      displayName: command.displayName,
      headers: command.headers,
      // RFC 3261 §8.1.1.6; the count of the inbound leg goes on, so that a loop through us ends (PITFALLS row 44).
      maxForwards: request.inbound === undefined ? 70 : request.inbound.maxForwards - 1,
    },
    { sessionId, media },
  );
  context.own(command.callId, call);
}

function refuse({ call }: SessionCall, code: number, headers: HeaderMap): void {
  if (call.incoming && call.state === 'ALERTING') call.reject(code, headers);
  else call.hangup(headers);
}

/** Tells the peer what became of the transfer that it asked for, once, also after it has hung up; then the script. */
function endTransfer(
  context: SessionContext,
  { callId, code, reason }: Extract<HostCommand, { type: 'call-transfer-result' }>,
): void {
  const transfer = context.transfers.get(callId);
  context.transfers.delete(callId);
  if (transfer === undefined) {
    context.log('warn', 'No transfer was asked for on this call, or its outcome was told already.');
    return;
  }
  transfer.progress(code);
  context.post({ type: 'call-transfer-ended', callId, code, reason });
}

type Leg = NonNullable<SessionCall['call']['leg']>;

function withMedia(context: SessionContext, { call }: SessionCall, use: (leg: Leg) => void): void {
  if (call.leg !== undefined) {
    use(call.leg);
    return;
  }
  call.whenMedia().then(
    (leg) => {
      if (call.state !== 'TERMINATED') use(leg);
    },
    (error: unknown) => {
      if (call.state !== 'TERMINATED') context.log('warn', `A call got no media: ${messageOf(error)}`);
    },
  );
}
