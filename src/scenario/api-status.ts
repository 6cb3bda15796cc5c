/**
 * What of the VoxEngine API works in part, and what is not here, each with its reason. Everything else is supported when a
 * script of a test uses it (`api-coverage.json`), and docs/reference/voxengine.md says so. A key is a member, or an owner
 * for all of its members.
 */

const VIDEO = 'there is no video here';
const PUSH = 'softphones of the cloud only: a phone that is registered over SIP needs no push';
const CLOUD_PHONE = 'only softphones of the cloud tell this; there is nothing like it in SIP';

/** Works, but not all of it. */
export const PARTLY: Readonly<Record<string, string>> = {
  'VoxEngine.callConference': 'with several nodes, each has conferences of its own of that name',
  'ConferenceParameters.hd_audio': 'accepted; a conference is mixed at 8 kHz',
  'Conference.add': 'mode MIX only',
  'Endpoint.manageEndpoint': 'the sound of all together: there is one mix',
  'VoxEngine.callUserDirect': 'the sound passes through the server all the same',
  'VoxEngine.forwardCallToUserDirect': 'the sound passes through the server all the same',
  'Call.answerDirect': 'the sound passes through the server all the same',
  'Call.vad': 'always false: no voice activity detection runs on legs',
  'Call.handleMicStatus': `accepted, and no event comes: ${CLOUD_PHONE}`,
  'Call.clientType': '`pstn`, `sip` or `user`',
  'AppEvents.Started.sessionId': 'a string',
  'AppEvents.Started.applicationId': 'a string',
};

/** Not here. */
export const NOT: Readonly<Record<string, string>> = {
  ConferenceRecorder: `${VIDEO}: \`createRecorder\` and \`Conference.sendMediaTo\` record the sound`,
  'VoxEngine.callWhatsappUser': 'a service of the cloud',
  'VoxEngine.createStreamingAgent': VIDEO,
  'Call.transferTo':
    'a REFER would hand the number or the dialog of one party to the phone of the other: call the target and join the two',
  'CallEvents.VideoTrackCreated': VIDEO,
  'CallEvents.FirstVideoPacketReceived': VIDEO,
  'CallEvents.PushSent': PUSH,
  'CallEvents.MicStatusChange': CLOUD_PHONE,
  RecorderProfile: VIDEO,
  RecorderDirection: VIDEO,
  RecorderVad: VIDEO,
};
