/** The events of one call, on their way to the script, in the order in which they happen. */
import type { Call, CallEnd, HeaderMap, TransferProgress, TransferRequest } from '../../call/types.ts';
import type { CallFacts, HostEvent } from '../protocol.ts';
import type { SessionCall, Untimed } from './session-context.ts';

/** What the script learns of an inbound call. */
export function factsOf(call: Call): CallFacts {
  return {
    callId: call.id,
    callerid: call.callerid.reveal('scenario'),
    number: call.number.reveal('scenario'),
    displayName: call.displayName,
    fromUri: call.fromUri,
    toUri: call.toUri,
    headers: plain(call.headers),
    clientType: call.callerid.isE164 ? 'pstn' : 'sip',
  };
}

export function forwardEvents(
  owned: SessionCall,
  transfers: Map<string, TransferProgress>,
  post: (event: Untimed<HostEvent>) => void,
  onEnd: () => void,
): void {
  const { id: callId, call } = owned;
  const { events } = call;
  events.on('ringing', ({ headers }) => post({ type: 'call-ringing', callId, headers: plain(headers) }));
  events.on('audioStarted', ({ headers }) =>
    post({ type: 'call-audio-started', callId, headers: plain(headers) }),
  );
  events.on('connected', ({ headers }) => post({ type: 'call-connected', callId, headers: plain(headers) }));
  events.on('digit', ({ digit }) => {
    if (owned.tones) post({ type: 'call-tone', callId, tone: digit });
  });
  events.on('info', ({ mimeType, body, headers }) =>
    post({ type: 'call-info', callId, mimeType, body, headers: plain(headers) }),
  );
  events.on('message', ({ text, headers }) =>
    post({ type: 'call-message', callId, text, headers: plain(headers) }),
  );
  events.on('transferRequested', (request) => takeTransfer(owned, transfers, request, post));
  events.on('reinviteReceived', () => post({ type: 'call-reinvite-received', callId }));
  events.on('reinviteAccepted', () => post({ type: 'call-reinvite-accepted', callId }));
  events.on('reinviteRejected', ({ code }) => post({ type: 'call-reinvite-rejected', callId, code }));
  events.on('onHold', () => post({ type: 'call-on-hold', callId }));
  events.on('offHold', () => post({ type: 'call-off-hold', callId }));
  events.on('firstAudioPacket', ({ wideband = false }) =>
    post({ type: 'call-first-audio', callId, wideband }),
  );
  events.on('rtpStopped', () => post({ type: 'call-rtp-stopped', callId }));
  events.on('rtpResumed', () => post({ type: 'call-rtp-resumed', callId }));
  events.on('failed', (end) => {
    post({ type: 'call-failed', callId, ...common(end) });
    onEnd();
  });
  events.on('disconnected', (end) => {
    post({
      type: 'call-disconnected',
      callId,
      ...common(end),
      durationSeconds: Math.round(end.durationSeconds),
      ...(end.media === undefined ? {} : { statistics: { ...end.media } }),
    });
    onEnd();
  });
}

/** One at a time: whose outcome is still open is busy. */
function takeTransfer(
  owned: SessionCall,
  transfers: Map<string, TransferProgress>,
  request: TransferRequest,
  post: (event: Untimed<HostEvent>) => void,
): void {
  if (!owned.handlesTransfers) return;
  if (transfers.has(owned.id)) {
    request.reject(486);
    return;
  }
  transfers.set(owned.id, request.accept());
  const { target: transferTo, headers } = request;
  post({ type: 'call-transfer-requested', callId: owned.id, transferTo, headers: plain(headers) });
}

function common(end: CallEnd): { code: number; reason: string; headers: HeaderMap } {
  return { code: end.code, reason: end.reason, headers: plain(end.headers) };
}

function plain(headers: HeaderMap): HeaderMap {
  return { ...headers };
}
