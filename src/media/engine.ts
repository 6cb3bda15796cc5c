/**
 * What the rest of Maskline knows about media. A media unit of VoxEngine (Call, Player, Recorder) is a node here, and
 * `sendMediaTo` is an edge. All nodes of one scenario session live together in one worker (`MediaSession`), so that
 * bridging never crosses threads. `embedded/` implements this in worker threads; a second implementation on rtpengine
 * may come (ARCHITECTURE, later). Nothing here knows SIP.
 *
 * Rules of the graph: a leg or a recorder channel hears one source at a time and the newest edge wins; a source may
 * feed many sinks. Closing a node removes its edges.
 *
 * Every method that returns void is fire-and-forget, in order; failures arrive as events.
 */
import type { Emitter } from '../kernel/emitter.ts';

/** G722 is 64 kbit/s at 16 kHz; its RTP clock is 8000 all the same (RFC 3551 §4.5.2). */
export type AudioCodec = 'PCMU' | 'PCMA' | 'G722';

/** RFC 4568 §6.2, RFC 6188 §4 and RFC 7714 §14.2. */
export type SrtpSuite =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM';

/** Secret: never in a log, never on another leg. */
export interface SrtpKey {
  readonly suite: SrtpSuite;
  /** Master key, then master salt: 30 bytes (AES-CM; 46 with 256 bits), 28 (AES-128-GCM) or 44 (AES-256-GCM). */
  readonly keyAndSalt: Uint8Array;
}

export interface RtpAddress {
  readonly host: string;
  readonly port: number;
}

/** What was negotiated for one leg. Payload type numbers are per leg and per direction (PITFALLS row 17). */
export interface LegPlan {
  /** Where the peer's SDP says it wants RTP. */
  readonly remote: RtpAddress;
  readonly codec: AudioCodec;
  /** Payload type that we send for the codec / that the peer sends. */
  readonly sendPayloadType: number;
  readonly receivePayloadType: number;
  /** RFC 4733, when both sides speak it. Clock rate is 8000. */
  readonly telephoneEvent?: { readonly sendPayloadType: number; readonly receivePayloadType: number };
  /** From our point of view. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /**
   * `sdp`: accept RTP only from the SDP's address (trunks with known media ranges; any port of that host).
   * `learn`: the SDP's address is trusted at once; another source is latched only inside the learning window, after
   * consecutive valid packets (PITFALLS row 32).
   */
  readonly latch: 'sdp' | 'learn';
  /** Milliseconds of audio per packet that we send; 20 unless the peer asked otherwise. */
  readonly packetMs: number;
  /**
   * SRTP and SRTCP (RFC 3711) with keys from SDP (RFC 4568). Packets that are not authentic are dropped and counted.
   * The same key in a later plan goes on (roll-over counter, replay window); another one starts fresh.
   */
  readonly srtp?: { readonly send: SrtpKey; readonly receive: SrtpKey };
  /**
   * Addresses or CIDR blocks from which RTP may come, any port; then nothing is learnt, whatever `latch` says. Sound
   * goes to the SDP's address. Empty is the same as absent.
   */
  readonly mediaSources?: readonly string[];
  /**
   * Where the peer's signalling comes from. A phone behind NAT sends its sound from there too: with `learn` that host is
   * believed at once, and any other not at all; without it, any other after half a second in which nobody better has
   * spoken.
   */
  readonly signallingHost?: string;
  /** RTCP on the RTP port (RFC 5761), agreed in SDP. */
  readonly rtcpMux?: boolean;
}

export interface LegStats {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly packetsLost: number;
  /** RFC 3550 §6.4.1, in milliseconds. */
  readonly jitterMs: number;
  /** From the peer's receiver reports, if any; milliseconds. */
  readonly roundTripMs: number | undefined;
  /** Packets from a source that was not the latched one. */
  readonly strangers: number;
  /** SRTP packets that failed authentication or were replayed. */
  readonly unauthenticated: number;
  /** Packets sent whose sound had to be converted from another codec. */
  readonly transcoded: number;
}

/** Anything that gives sound. */
export interface MediaSource {
  readonly nodeId: number;
}
/** Anything that takes sound. */
export interface MediaSink {
  readonly nodeId: number;
}

export interface LegEvents {
  /** One digit, once, whatever its retransmissions (PITFALLS row 35). */
  digit: { readonly digit: string; readonly durationMs: number };
  /** The first valid packet after (re)configuration. */
  firstPacket: object;
  /** Nothing valid came for the configured time (default 30 s, after the leg was configured); then it came again. */
  silent: { readonly seconds: number };
  resumed: object;
}

export interface MediaLeg extends MediaSource, MediaSink {
  /** The address for our SDP, of the IP version that the leg was opened for. */
  readonly local: RtpAddress;
  readonly events: Emitter<LegEvents>;
  /**
   * Our address of that IP version for SDP; binds one where the leg has none yet. Which is used is decided by the plan's
   * `remote`. Rejects with `media/no-address` or `media/busy`.
   */
  addressOf(family: 'ipv4' | 'ipv6'): Promise<RtpAddress>;
  /** Applies a plan; may be called again after a re-INVITE. SSRC, sequence and timestamp go on (PITFALLS row 38). */
  configure(plan: LegPlan): void;
  /** Sends RFC 4733 events, 100 ms each with 50 ms between; digits from `0-9*#A-D`, `p` pauses 500 ms. */
  sendDigits(digits: string): void;
  /** Detects RFC 4733 digits; off by default as in VoxEngine (`handleTones`). */
  detectDigits(on: boolean): void;
  stats(): Promise<LegStats>;
  /** Sends RTCP BYE, closes, lets the port drain. Resolves with the final figures. */
  close(): Promise<LegStats>;
}

/** Sound that has an end. Samples are signed 16-bit, mono, 8 kHz. */
export type PlayerPart =
  | { readonly kind: 'samples'; readonly samples: Int16Array }
  /** A WAV file on the local disk: PCM of 8 to 32 bits or float, A-law or µ-law, 4 to 192 kHz, up to 8 channels. */
  | { readonly kind: 'file'; readonly path: string };

/** What a player plays. */
export type PlayerInput =
  | PlayerPart
  /** One after the other, without a gap. */
  | { readonly kind: 'sequence'; readonly parts: readonly PlayerPart[] }
  /** Frequencies and cadences in the syntax of tone-script.ts; endless when it says so. */
  | { readonly kind: 'tone-script'; readonly script: string }
  /** Ringback and other progress tones of a country, ITU-T E.180 supplement 2 (`RU`, `US`, `GB`, `DE`, …); endless. */
  | {
      readonly kind: 'progress-tone';
      readonly tone: 'ringback' | 'busy' | 'congestion';
      readonly country: string;
    };

export interface PlayerEvents {
  /** Read and decoded: it can begin. */
  ready: object;
  /** `durationMs` of one round; undefined for what has no end of its own. */
  started: { readonly durationMs: number | undefined };
  /** A marker was reached, with what `mark` was told. */
  marker: PlayerMark;
  /** All of it was sent, or it failed; once. */
  finished: { readonly error: string | undefined };
}

/** Milliseconds from the beginning, or from the end when negative; of all, or of one part of a sequence. */
export interface PlayerMark {
  readonly offsetMs: number;
  readonly part: number | undefined;
}

/** Begins when the first sink that can hear it is connected; from then on it runs, heard or not. */
export interface MediaPlayer extends MediaSource {
  readonly events: Emitter<PlayerEvents>;
  pause(): void;
  resume(): void;
  /** Tells once when the sound gets there, in whichever round of a loop. What is past already, or outside, is never told. */
  mark(mark: PlayerMark): void;
  /** Ends at once; `finished` follows. */
  close(): void;
}

/** A recorder ends with exactly one of `stopped` and `error`. */
export interface RecorderEvents {
  started: object;
  /** The file is complete on disk. `bytes` is its whole size. */
  stopped: { readonly seconds: number; readonly bytes: number; readonly channels: number };
  /**
   * Disk full, no permission: the recording ended early, what was written plays, the call goes on. Instead of `stopped`,
   * never besides. How much was written; undefined when the worker died and nobody knows.
   */
  error: {
    readonly error: string;
    readonly seconds: number | undefined;
    readonly bytes: number | undefined;
  };
}

/** PCM as it crosses threads: signed 16 bit, little endian in memory, mono. Samples per second. */
export type PcmRate = 8000 | 16000;

export interface MediaListenerEvents {
  /** Every `chunkMs`; `samples` is the receiver's own. */
  audio: { readonly samples: Int16Array };
}

/**
 * A sink whose sound comes out on the main thread: for recognisers, web sockets, detectors. It hears a source by
 * `connect`, or what is sent to a leg by `tap`, one at a time. As long as something is connected, chunks come in steady
 * time, with silence where there is no sound; while nothing is, none come. What a network brings late is waited for
 * about 40 ms, up to 120 ms where it is often later. At 16 kHz a G.722 leg is heard in full; what has 8 kHz is interpolated.
 */
export interface MediaListener extends MediaSink {
  readonly events: Emitter<MediaListenerEvents>;
  /** No chunk comes after it. */
  close(): void;
}

export interface MediaFeedEvents {
  /** All that was pushed has been sent. Not after `clear`: what was forgotten was not sent. */
  drained: object;
}

/**
 * A source whose sound comes from the main thread: 20 ms frames on the playout clock, at 8 kHz whatever the rate of what
 * is pushed. It begins 40 ms after the first push (or with 40 ms of sound), so that chunks may come unevenly, and as soon
 * as somebody can hear it; from then on it runs, heard or not. While there is nothing to send, nothing is sent. Bounded:
 * beyond `maxBufferMs` the oldest is dropped.
 */
export interface MediaFeed extends MediaSource {
  readonly events: Emitter<MediaFeedEvents>;
  /** The samples are copied. */
  push(samples: Int16Array): void;
  /** Forgets what was pushed and not yet sent (barge-in). */
  clear(): void;
  close(): void;
}

/** One in a room: a sink for what they say, and a source of what all others say. Either may be used alone. */
export interface MediaParticipant extends MediaSource, MediaSink {
  /** Both are on at first. Who may not hear is sent silence; what those say who may not speak is thrown away. */
  allow(what: { readonly speak: boolean; readonly hear: boolean }): void;
  /** Leaves the room; edges to and from it end. */
  close(): void;
}

/**
 * A room: 20 ms frames at 8 kHz on the playout clock, added up with saturation. Silence is not mixed. G.722 legs speak
 * and hear at 8 kHz here.
 */
export interface MediaMixer {
  /** All that is said in the room, for recorders, listeners, and legs that only listen. */
  readonly mix: MediaSource;
  join(): MediaParticipant;
  /** Closes the participants, too. */
  close(): void;
}

/** Two channels on one clock (PITFALLS row 37): `left` and `right` are sinks; a mono recorder mixes them. */
export interface MediaRecorder {
  readonly left: MediaSink;
  readonly right: MediaSink;
  readonly events: Emitter<RecorderEvents>;
  /** While it is muted, silence is recorded; the edges stay. */
  mute(on: boolean): void;
  /** Finishes the file; `stopped` follows, or `error`, unless it came already. */
  close(): void;
}

export interface MediaSession {
  readonly id: number;
  /** Takes a port pair. Rejects with `media/busy` when none is free, `media/no-address` when no address of the family is configured. */
  openLeg(options: { readonly family: 'ipv4' | 'ipv6' }): Promise<MediaLeg>;
  createPlayer(input: PlayerInput, options: { readonly loop: boolean }): MediaPlayer;
  /**
   * Records what flows into `left` and `right`, from now on, into `path` (created, exclusively). A record tap of a leg:
   * `connect(leg, recorder.left)` records what the peer says; `tap(leg, recorder.right)` what the peer hears.
   */
  createRecorder(options: { readonly path: string; readonly channels: 1 | 2 }): MediaRecorder;
  /** `chunkMs` a multiple of 20, from 20 to 1000. */
  createListener(options: { readonly rate: PcmRate; readonly chunkMs: number }): MediaListener;
  /** `maxBufferMs` from 100 to 600 000. */
  createFeed(options: { readonly rate: PcmRate; readonly maxBufferMs: number }): MediaFeed;
  createMixer(): MediaMixer;
  connect(source: MediaSource, sink: MediaSink): void;
  disconnect(source: MediaSource, sink: MediaSink): void;
  /** Feeds a recorder channel or a listener with whatever is sent to the leg, whichever source that is at the time. */
  tap(leg: MediaLeg, sink: MediaSink): void;
  /** Closes every node that is still open. */
  close(): Promise<void>;
}

export interface EngineStats {
  readonly sessions: number;
  readonly legs: number;
  readonly players: number;
  readonly recorders: number;
  readonly listeners: number;
  readonly feeds: number;
  readonly mixers: number;
  /** Ports taken or draining. */
  readonly ports: number;
  readonly workers: readonly { readonly legs: number; readonly loopDelayP99Ms: number }[];
}

export interface MediaEngine {
  /** Puts the session on the least loaded worker. Throws `media/busy` when every worker is full or dead. */
  openSession(): MediaSession;
  /**
   * Two legs joined back to back, one in each session, for a call between two sessions of this node: sound, and digits
   * as RFC 4733 events. Either is closed by its owner. Rejects as `openLeg` does.
   */
  openPair(one: MediaSession, other: MediaSession): Promise<readonly [MediaLeg, MediaLeg]>;
  stats(): Promise<EngineStats>;
  close(): Promise<void>;
}
