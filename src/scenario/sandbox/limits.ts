/**
 * What one scenario session may use. The first group has the limits of VoxEngine's cloud as defaults
 * (voximplant.com/docs/guides/voxengine/limits), so that a script which runs there runs here.
 */
export interface ScenarioLimits {
  /** Bytes of the script's heap, the API's own objects (about 0.4 MB) not counted. */
  readonly heapBytes: number;
  /** CPU milliseconds of one callback, with the promise jobs that it leads to. */
  readonly callbackCpuMs: number;
  readonly timers: number;
  readonly players: number;
  /** Characters that are spoken at once; a longer text ends its playback with an error, as in the cloud. */
  readonly sayChars: number;
  /** `Recorder`s at once; each is a file. */
  readonly recorders: number;
  /** Of one player, over its life. */
  readonly markers: number;
  readonly httpRunning: number;
  /** Running and queued together. */
  readonly httpTotal: number;
  /** Characters of all scripts of a rule together. */
  readonly scriptChars: number;
  /** Seconds until an inbound call that nobody answered is rejected with 480. */
  readonly unansweredSeconds: number;
  /** Seconds that a session without calls lives. */
  readonly idleSeconds: number;

  /** Calls of one session that are alive at once: 49 and the one that came in (voximplant.com/blog/voximplant-audio-conferencing). */
  readonly calls: number;
  /** Commands, and characters of commands, of one turn. A script that exceeds either is flooding, and ends. */
  readonly commandsPerTurn: number;
  readonly commandCharsPerTurn: number;
  readonly logLineChars: number;
  /** Characters of log lines of a session; what comes later is dropped, after one warning. */
  readonly logTotalChars: number;
  /** Events that may wait for a script; a script that is further behind has failed. */
  readonly waitingEvents: number;
  /** Recognisers (`ASR`) of one session at once; each may keep a process or a connection busy. */
  readonly recognisers: number;
  /** Bytes of the interpreter's stack. About 40 nested calls fit into 8 kB. */
  readonly stackBytes: number;
  /** Seconds that `terminate` waits for running HTTP requests, as VoxEngine does. */
  readonly pendingHttpSeconds: number;
  /** Seconds for the last words: the one request that a `Terminating` handler may make. */
  readonly lastWordsSeconds: number;
  /** Conferences of a session. */
  readonly conferences: number;
  /** Who is connected with one conference: calls, players, recorders. 100 in the cloud. */
  readonly conferenceSeats: number;
  /** Conferences of one application that have sessions of their own, on one node: one may call others, which call others. */
  readonly conferenceSessions: number;
  /** Calls that a conference with a session of its own has taken and not ended. */
  readonly conferenceCalls: number;
  /** Requests to `ApplicationStorage` of a session that wait at once. */
  readonly storageWaiting: number;
  /** Requests to queues of operators (`enqueueACDRequest`, `enqueueTask`) of a session that wait at once. */
  readonly queueRequests: number;
  /** Seconds after which a request to `ApplicationStorage` is rejected. */
  readonly storageSeconds: number;
  /** Reports to a call list of a session that wait at once; each waits at most `storageSeconds`. */
  readonly callListWaiting: number;
  /** Mails of a session that are sent at once, that are sent or wait, and in all; voximplant.com/docs/guides/voxengine/limits. */
  readonly mailsRunning: number;
  readonly mailsWaiting: number;
  readonly mails: number;
  /** Seconds until a mail that the server has not taken has failed. */
  readonly mailSeconds: number;
  /** Web sockets that a session has opened, at once. */
  readonly webSockets: number;
  /** Bytes that may wait for a web socket's peer; beyond, the connection ends. */
  readonly webSocketUnsentBytes: number;
  /** Seconds until a web socket that is being opened has failed. */
  readonly webSocketOpenSeconds: number;
  /** Seconds of sound that a peer may send ahead of time; as in the cloud, what is beyond is discarded. */
  readonly mediaBufferSeconds: number;
  /** Requests to the session's URL that wait for the script's answer. */
  readonly accessWaiting: number;
  /** Requests to the session's URL in a second; for a moment twice as many. */
  readonly accessPerSecond: number;
  /** Seconds after which a request that the script has not answered gets an empty answer. */
  readonly accessAnswerSeconds: number;
}

export const DEFAULT_LIMITS: ScenarioLimits = {
  heapBytes: 16 * 1024 * 1024,
  callbackCpuMs: 1000,
  timers: 100,
  players: 10,
  sayChars: 1500,
  recorders: 20,
  markers: 100,
  httpRunning: 3,
  httpTotal: 35,
  scriptChars: 256 * 1024,
  unansweredSeconds: 60,
  idleSeconds: 60,
  calls: 50,
  commandsPerTurn: 1000,
  commandCharsPerTurn: 4 * 1024 * 1024,
  logLineChars: 8 * 1024,
  logTotalChars: 1024 * 1024,
  waitingEvents: 1000,
  recognisers: 10,
  stackBytes: 128 * 1024,
  pendingHttpSeconds: 90,
  lastWordsSeconds: 10,
  conferences: 10,
  conferenceSeats: 100,
  conferenceSessions: 100,
  conferenceCalls: 100,
  storageWaiting: 100,
  storageSeconds: 5,
  callListWaiting: 20,
  mailsRunning: 2,
  mailsWaiting: 10,
  mails: 100,
  mailSeconds: 60,
  queueRequests: 100,
  webSockets: 10,
  webSocketUnsentBytes: 1024 * 1024,
  webSocketOpenSeconds: 10,
  mediaBufferSeconds: 10,
  accessWaiting: 10,
  accessPerSecond: 20,
  accessAnswerSeconds: 10,
};
