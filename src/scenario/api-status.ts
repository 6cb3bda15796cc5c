/**
 * What of the VoxEngine API works in part, and what is not here, each with its reason. Everything else is supported when a
 * script of a test uses it (`api-coverage.json`), and docs/reference/voxengine.md says so. A key is a member, or an owner
 * for all of its members.
 */

const VIDEO = 'there is no video here';
const PUSH = 'softphones of the cloud only: a phone that is registered over SIP needs no push';
const CLOUD_PHONE = 'only softphones of the cloud tell this; there is nothing like it in SIP';

const OTHER_SERVICE =
  'an option of the speech services of the cloud; the configured provider is not asked for it';

/** Works, but not all of it. */
export const PARTLY: Readonly<Record<string, string>> = {
  'ASRParameters.profile': 'its language; the provider is the configured one (docs/guide/speech.md)',
  'ASRParameters.model': 'accepted, and nothing is done with it: models are those of the configured provider',
  'ASRParameters.singleUtterance': 'false: a result after pauses of 2 s instead of 0.7 s',
  'ASRParameters.phraseHints': 'PocketSphinx hears nothing else then; others take them as hints',
  'ASREvents.InterimResult': 'with a Vosk server; other providers take whole utterances',
  'AMD.AMDParameters.model': 'accepted; the cadence of the greeting is judged the same way for every model',
  'CallEvents.ToneDetected': 'of beeps, after `enableBeepDetection`: `ProgressTone` is always false',
  'TTSOptions.pitch': 'with eSpeak NG',
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
  'AppEvents.Started.accessURL': 'the same as `accessSecureURL`: `http.publicUrl` decides what both are',
  'WebSocketAudioEncoding.OPUS': 'sent as PCM8, with a warning',
  'WebSocketParameters.statistics': 'a line in the session’s log when the socket closes',
  'WebSocketParameters.trace': 'lines in the session’s log, without what the messages say',
  'VoxEngine.enableStatisticsForIncomingWebsockets': 'a line in the session’s log when the socket closes',
  'VoxEngine.enableTraceForIncomingWebsockets': 'lines in the session’s log, without what the messages say',
  'AppEvents.Started.applicationId': 'a string',
};

/** Not here. */
export const NOT: Readonly<Record<string, string>> = {
  'WebSocketEvents.CREATED.statisticsUrl': 'statistics are a line in the session’s log',
  'ASRParameters.profanityFilter': OTHER_SERVICE,
  'ASRParameters.headers': OTHER_SERVICE,
  'ASRParameters.beta': OTHER_SERVICE,
  'ASRParameters.enableSeparateRecognitionPerChannel': OTHER_SERVICE,
  'ASRParameters.alternativeLanguageCodes': OTHER_SERVICE,
  'ASRParameters.diarizationConfig': OTHER_SERVICE,
  'ASRParameters.metadata': OTHER_SERVICE,
  'ASRParameters.maxAlternatives': OTHER_SERVICE,
  'ASRParameters.adaptation': OTHER_SERVICE,
  'ASRParameters.enableSpokenPunctuation': OTHER_SERVICE,
  'ASRParameters.enableSpokenEmojis': OTHER_SERVICE,
  'ASRParameters.useEnhanced': OTHER_SERVICE,
  'ASRParameters.transcriptNormalization': OTHER_SERVICE,
  'ASRParameters.request': OTHER_SERVICE,
  'ASRParameters.enableWordTimeOffsets': OTHER_SERVICE,
  'ASRParameters.enableWordConfidence': OTHER_SERVICE,
  'ASRParameters.enableAutomaticPunctuation': OTHER_SERVICE,
  'new ASR': '`VoxEngine.createASR` makes it',
  'AMD.AMDParameters.thresholds': 'confidence is in the event; there are no models with thresholds',
  'AMD.Thresholds': 'confidence is in the event; there are no models with thresholds',
  'AMD.ResultSubtype.MIMIC': 'the cadence does not tell it; always `NONE`',
  'EndpointParameters.maxVideoBitrate': VIDEO,
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
