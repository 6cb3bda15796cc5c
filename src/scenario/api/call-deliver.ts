/** From events of the host to the events of VoxEngine's `Call`, with the payloads that the public API lists. */
import type { HostEvent } from '../protocol.ts';
import { type Call, deliver } from './call.ts';

/** A description names addresses of one side, and each leg is negotiated here by itself: there is nothing to pass on. */
const WITHOUT_SDP = { mimeType: 'application/sdp', body: '', headers: {} };

type CallEvent = Extract<HostEvent, { callId: string }>;

/** Hands one event of the host to its call. */
export function deliverToCall(call: Call, event: CallEvent): void {
  const direction = call.incoming() ? 'Inbound' : 'Outbound';
  switch (event.type) {
    case 'call-ringing':
      deliver(call, 'Call.Ringing', undefined, { headers: event.headers });
      return;
    case 'call-audio-started':
      deliver(call, 'Call.AudioStarted', undefined, { headers: event.headers });
      return;
    case 'call-connected':
      deliver(call, 'Call.Connected', 'CONNECTED', { customData: '', headers: event.headers });
      return;
    case 'call-failed':
      deliver(call, 'Call.Failed', 'TERMINATED', {
        code: event.code,
        reason: event.reason,
        headers: event.headers,
      });
      return;
    case 'call-disconnected':
      if (event.statistics !== undefined)
        deliver(call, 'Call.Statistics', undefined, { statistics: event.statistics });
      deliver(call, 'Call.Disconnected', 'TERMINATED', {
        internalCode: event.code,
        reason: event.reason,
        duration: event.durationSeconds,
        cost: 0,
        direction,
        headers: event.headers,
      });
      return;
    case 'call-tone':
      deliver(call, 'Call.ToneReceived', undefined, { tone: event.tone, type: 'RFC2833' });
      return;
    case 'call-info':
      deliver(call, 'Call.InfoReceived', undefined, {
        mimeType: event.mimeType,
        body: event.body,
        headers: event.headers,
      });
      return;
    case 'call-message':
      deliver(call, 'Call.MessageReceived', undefined, { text: event.text, headers: event.headers });
      return;
    case 'call-transfer-requested':
      deliver(call, 'Call.BlindTransferRequested', undefined, {
        transferTo: event.transferTo,
        headers: event.headers,
      });
      return;
    case 'call-transfer-ended':
      if (event.code < 300) deliver(call, 'Call.TransferComplete', undefined, { role: 'transferor' });
      else {
        const { code, reason } = event;
        deliver(call, 'Call.TransferFailed', undefined, { role: 'transferor', code, reason });
      }
      return;
    case 'call-reinvite-received':
      deliver(call, 'Call.ReInviteReceived', undefined, WITHOUT_SDP);
      return;
    case 'call-reinvite-accepted':
      deliver(call, 'Call.ReInviteAccepted', undefined, WITHOUT_SDP);
      return;
    case 'call-reinvite-rejected':
      deliver(call, 'Call.ReInviteRejected', undefined, { headers: {} });
      return;
    case 'playback-ready':
      deliver(call, 'Call.PlaybackReady', undefined, {});
      return;
    case 'playback-started':
      deliver(call, 'Call.PlaybackStarted', undefined, { duration: event.durationSeconds });
      return;
    case 'playback-finished':
      deliver(
        call,
        'Call.PlaybackFinished',
        undefined,
        event.error === undefined ? {} : { error: event.error },
      );
      return;
    case 'call-record-started':
      deliver(call, 'Call.RecordStarted', undefined, { url: event.url });
      return;
    case 'call-record-stopped':
      deliver(call, 'Call.RecordStopped', undefined, {
        url: event.url,
        cost: '0',
        duration: event.durationSeconds,
      });
      return;
    case 'call-record-error':
      deliver(call, 'Call.RecordError', undefined, { error: event.error });
      return;
    case 'call-on-hold':
      deliver(call, 'Call.OnHold', undefined, {});
      return;
    case 'call-off-hold':
      deliver(call, 'Call.OffHold', undefined, {});
      return;
    case 'call-first-audio':
      deliver(call, 'Call.FirstAudioPacketReceived', undefined, {});
      deliver(call, 'Call.AudioQualityDetected', undefined, {
        quality: event.wideband === true ? 'HD' : 'Standard',
      });
      return;
    case 'call-rtp-stopped':
      deliver(call, 'Call.RtpStopped', undefined, {});
      return;
    case 'call-rtp-resumed':
      deliver(call, 'Call.RtpResumed', undefined, {});
  }
}
