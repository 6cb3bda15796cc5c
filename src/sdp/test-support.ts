/** One phone's audio and our own, as plain values, for the tests of this folder. */
import type { LocalAudio, RemoteAudio } from './types.ts';

export const REMOTE: RemoteAudio = {
  host: '198.51.100.7',
  port: 40_000,
  codecs: [
    { name: 'PCMU', payloadType: 0 },
    { name: 'PCMA', payloadType: 8 },
  ],
  telephoneEventPayloadType: 96,
  direction: 'sendrecv',
  packetMs: 20,
  maxPacketMs: undefined,
  rtcpMux: false,
  protocol: 'RTP/AVP',
  crypto: [],
  otherMedia: [],
  index: 0,
};

export const LOCAL: LocalAudio = {
  host: '192.0.2.10',
  port: 20_000,
  sessionId: 1234,
  version: 3,
  codecs: [
    { name: 'PCMA', payloadType: 8 },
    { name: 'PCMU', payloadType: 0 },
  ],
  telephoneEventPayloadType: 101,
  direction: 'sendrecv',
  packetMs: 20,
  rtcpMux: false,
  protocol: 'RTP/AVP',
  crypto: [],
};
