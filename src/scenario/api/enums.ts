/** The constants of the API. Reading a name that does not exist warns, because `undefined` would fail silently later. */
import { eventNames } from './events.ts';
import { warn } from './host-link.ts';
import { nearest } from './nearest.ts';

export function checkedEnum<T extends Record<string, string | number>>(name: string, values: T): T {
  return new Proxy(Object.freeze({ ...values }), {
    get(target, key) {
      if (typeof key === 'symbol' || key in target) return Reflect.get(target, key) as unknown;
      if (key === 'then' || key === 'toJSON') return undefined;
      const near = nearest(key, Object.keys(target));
      warn(`${name}.${key} does not exist.${near === undefined ? '' : ` Did you mean ${name}.${near}?`}`);
      return undefined;
    },
  });
}

const APP = {
  CallAlerting: 'Application.CallAlerting',
  Terminating: 'Application.Terminating',
  Terminated: 'Application.Terminated',
  Started: 'Application.Started',
  HttpRequest: 'Application.HttpRequest',
  WebSocket: 'AppEvents.NewWebSocketConnection',
  NewWebSocketFailed: 'Application.OnNewWebSocketFailed',
};

const CALL = {
  AudioStarted: 'Call.AudioStarted',
  AudioIdentificationStarted: 'Call.AudioIdentificationStarted',
  AudioIdentificationResult: 'Call.AudioIdentificationResult',
  AudioIdentificationStopped: 'Call.AudioIdentificationStopped',
  AudioIdentificationError: 'Call.AudioIdentificationError',
  BlindTransferRequested: 'Call.BlindTransferRequested',
  Connected: 'Call.Connected',
  Forwarding: 'Call.Forwarding',
  Disconnected: 'Call.Disconnected',
  Failed: 'Call.Failed',
  InfoReceived: 'Call.InfoReceived',
  MessageReceived: 'Call.MessageReceived',
  MicStatusChange: 'Call.MicStatusChange',
  OffHold: 'Call.OffHold',
  OnHold: 'Call.OnHold',
  PlaybackFinished: 'Call.PlaybackFinished',
  PlaybackReady: 'Call.PlaybackReady',
  PlaybackStarted: 'Call.PlaybackStarted',
  PushSent: 'Call.PushSent',
  ReInviteAccepted: 'Call.ReInviteAccepted',
  ReInviteReceived: 'Call.ReInviteReceived',
  ReInviteRejected: 'Call.ReInviteRejected',
  RecordStarted: 'Call.RecordStarted',
  RecordStopped: 'Call.RecordStopped',
  RecordError: 'Call.RecordError',
  Ringing: 'Call.Ringing',
  StateChanged: 'Call.StateChanged',
  Statistics: 'Call.Statistics',
  ToneDetected: 'Call.ToneDetected',
  ToneReceived: 'Call.ToneReceived',
  TransferComplete: 'Call.TransferComplete',
  TransferFailed: 'Call.TransferFailed',
  VideoTrackCreated: 'Call.Video.TrackCreated',
  FirstAudioPacketReceived: 'Call.FirstAudioPacketReceived',
  FirstVideoPacketReceived: 'Call.FirstVideoPacketReceived',
  RtpStopped: 'Call.RtpStopped',
  RtpResumed: 'Call.RtpResumed',
  BeepDetectionComplete: 'Call.BeepDetectionComplete',
  BeepDetectionError: 'Call.BeepDetectionError',
  AudioQualityDetected: 'Call.AudioQualityDetected',
};

const PLAYER = {
  Created: 'Player.Created',
  PlaybackReady: 'Player.PlaybackReady',
  Started: 'Player.Started',
  Stopped: 'Player.Stopped',
  PlaybackFinished: 'Player.PlaybackFinished',
  Error: 'Player.Error',
  PlaybackMarkerReached: 'Player.PlaybackMarkerReached',
  PlaybackBuffering: 'Player.Buffering',
};

const SEQUENCE_PLAYER = {
  Created: 'SequencePlayer.Created',
  PlaybackReady: 'SequencePlayer.PlaybackReady',
  Started: 'SequencePlayer.Started',
  Stopped: 'SequencePlayer.Stopped',
  PlaybackFinished: 'SequencePlayer.PlaybackFinished',
  Error: 'SequencePlayer.Error',
  PlaybackMarkerReached: 'SequencePlayer.PlaybackMarkerReached',
};

const RECORDER = {
  RecorderError: 'Recorder.Error',
  Started: 'Recorder.Started',
  Stopped: 'Recorder.Stopped',
};

export const appEventNames = eventNames('AppEvents', APP, [
  'CallAlerting',
  'Terminating',
  'Terminated',
  'Started',
  'HttpRequest',
  'WebSocket',
  'NewWebSocketFailed',
]);
export const callEventNames = eventNames('CallEvents', CALL, [
  'AudioStarted',
  'Connected',
  'Disconnected',
  'Failed',
  'BlindTransferRequested',
  'InfoReceived',
  'MessageReceived',
  'ReInviteAccepted',
  'ReInviteReceived',
  'ReInviteRejected',
  'TransferComplete',
  'TransferFailed',
  'OffHold',
  'OnHold',
  'PlaybackFinished',
  'PlaybackReady',
  'PlaybackStarted',
  'RecordStarted',
  'RecordStopped',
  'RecordError',
  'Ringing',
  'StateChanged',
  'Statistics',
  'AudioQualityDetected',
  'ToneReceived',
  'FirstAudioPacketReceived',
  'RtpStopped',
  'RtpResumed',
  'BeepDetectionComplete',
  'BeepDetectionError',
  'ToneDetected',
]);
/** Not `PlaybackBuffering`: sounds are here as a whole before they begin. */
export const playerEventNames = eventNames('PlayerEvents', PLAYER, [
  'Created',
  'PlaybackReady',
  'Started',
  'Stopped',
  'PlaybackFinished',
  'Error',
  'PlaybackMarkerReached',
]);
export const sequencePlayerEventNames = eventNames('SequencePlayerEvents', SEQUENCE_PLAYER, [
  'Created',
  'PlaybackReady',
  'Started',
  'Stopped',
  'PlaybackFinished',
  'Error',
  'PlaybackMarkerReached',
]);
export const recorderEventNames = eventNames('RecorderEvents', RECORDER, [
  'RecorderError',
  'Started',
  'Stopped',
]);

export const AppEvents = checkedEnum('AppEvents', APP);
export const CallEvents = checkedEnum('CallEvents', CALL);
export const PlayerEvents = checkedEnum('PlayerEvents', PLAYER);
export const SequencePlayerEvents = checkedEnum('SequencePlayerEvents', SEQUENCE_PLAYER);
export const RecorderEvents = checkedEnum('RecorderEvents', RECORDER);
export const DTMFType = checkedEnum('DTMFType', {
  ALL: '0',
  TELEPHONE_EVENT: '1',
  IN_BAND: '2',
  SIP_INFO: '3',
});
export const CallAudioQuality = checkedEnum('CallAudioQuality', { HD: 'HD', STANDARD: 'Standard' });
export const URLPlayerRequestMethod = checkedEnum('URLPlayerRequestMethod', { GET: 'GET', POST: 'POST' });
/** Of video, which is not here; scripts name them all the same. */
export const RecorderDirection = checkedEnum('RecorderDirection', { ltr: 'ltr', rtl: 'rtl' });
export const RecorderProfile = checkedEnum('RecorderProfile', {
  NHD: 'NHD',
  VGA: 'VGA',
  HD: 'HD',
  FHD: 'FHD',
  QHD: 'QHD',
  '4K': '4K',
});
export const TTSEffectsProfile = checkedEnum('TTSEffectsProfile', {
  WearableClassDevice: 'wearable-class-device',
  HandsetClassDevice: 'handset-class-device',
  HeadphoneClassDevice: 'headphone-class-device',
  SmallBluetoothSpeakerClassDevice: 'small-bluetooth-speaker-class-device',
  MediumBluetoothSpeakerClassDevice: 'medium-bluetooth-speaker-class-device',
  LargeHomeEntertainmentClassDevice: 'large-home-entertainment-class-device',
  LargeAutomotiveClassDevice: 'large-automotive-class-device',
  TelephonyClassApplication: 'telephony-class-application',
});
export const TranscriptionProvider = checkedEnum('TranscriptionProvider', {
  GOOGLE: 'google',
  YANDEX: 'yandex',
  TBANK: 'tcs',
});
export const RecordExpireTime = checkedEnum('RecordExpireTime', {
  THREEMONTHS: '',
  SIXMONTHS: '-6m',
  ONEYEAR: '-1y',
  TWOYEARS: '-2y',
  THREEYEARS: '-3y',
  FIVEYEARS: '-5y',
});
