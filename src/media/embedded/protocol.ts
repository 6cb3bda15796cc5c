/**
 * What the main thread and a media worker say to each other, and nothing else. Node ids are given by the main thread, so
 * that commands need no answer; they arrive in order. Only plain data crosses.
 */
import type {
  LegEvents,
  LegPlan,
  LegStats,
  MediaFeedEvents,
  MediaListenerEvents,
  PcmRate,
  PlayerEvents,
  PlayerInput,
  PlayerMark,
  RecorderEvents,
} from '../engine.ts';

export type Family = 'ipv4' | 'ipv6';

export interface WorkerSettings {
  readonly addresses: { readonly ipv4?: string; readonly ipv6?: string };
  readonly ports: { readonly min: number; readonly max: number };
  readonly silenceSeconds: number;
}

/** What crosses: all that one side has said before its microtasks ran, in order. A message for each would cost more. */
export type Batch<T> = readonly T[];

/** Commands with a `request` are answered with one `reply` each. */
export type Command =
  /** `again`: sockets of the other IP version for a leg that is there. */
  | {
      kind: 'open-leg';
      request: number;
      session: number;
      node: number;
      family: Family;
      again: boolean;
    }
  | { kind: 'configure-leg'; session: number; node: number; plan: LegPlan }
  | { kind: 'send-digits'; session: number; node: number; digits: string }
  | { kind: 'detect-digits'; session: number; node: number; on: boolean }
  | { kind: 'leg-stats'; request: number; session: number; node: number }
  | { kind: 'close-leg'; request: number; session: number; node: number }
  | { kind: 'create-player'; session: number; node: number; input: PlayerInput; loop: boolean }
  | { kind: 'control-player'; session: number; node: number; action: 'pause' | 'resume' | 'close' }
  | { kind: 'mark-player'; session: number; node: number; mark: PlayerMark }
  | {
      kind: 'create-recorder';
      session: number;
      node: number;
      left: number;
      right: number;
      path: string;
      channels: 1 | 2;
    }
  | { kind: 'mute-recorder'; session: number; node: number; on: boolean }
  | { kind: 'close-recorder'; session: number; node: number }
  | SoundCommand
  | { kind: 'connect' | 'disconnect' | 'tap'; session: number; source: number; sink: number }
  | { kind: 'close-session'; request: number; session: number }
  | { kind: 'stats'; request: number }
  | { kind: 'close'; request: number };

/** About listeners, feeds and rooms. */
export type SoundCommand = MixerCommand | ListenerCommand | FeedCommand;
type ListenerCommand =
  | { kind: 'create-listener'; session: number; node: number; rate: PcmRate; chunkMs: number }
  | { kind: 'close-listener'; session: number; node: number };
type FeedCommand =
  | { kind: 'create-feed'; session: number; node: number; rate: PcmRate; maxBufferMs: number }
  | { kind: 'push-feed'; session: number; node: number; samples: Int16Array }
  | { kind: 'clear-feed' | 'close-feed'; session: number; node: number };
/** `node` is the mix. */
export type MixerCommand =
  | { kind: 'create-mixer' | 'close-mixer'; session: number; node: number }
  | { kind: 'join-mixer' | 'leave-mixer'; session: number; node: number; participant: number }
  | {
      kind: 'allow-participant';
      session: number;
      node: number;
      participant: number;
      speak: boolean;
      hear: boolean;
    };

export interface WorkerStats {
  readonly sessions: number;
  readonly legs: number;
  readonly players: number;
  readonly recorders: number;
  readonly listeners: number;
  readonly feeds: number;
  readonly mixers: number;
  readonly ports: number;
  readonly loopDelayP99Ms: number;
}

/** Answers by kind of command. */
export type ReplyValue =
  | { readonly kind: 'leg-opened'; readonly port: number }
  | { readonly kind: 'leg-stats'; readonly stats: LegStats }
  | { readonly kind: 'worker-stats'; readonly stats: WorkerStats }
  | { readonly kind: 'done' };

/** What a node tells its handle. */
export type NodeEvent =
  | { [K in keyof LegEvents]: { readonly name: K; readonly payload: LegEvents[K] } }[keyof LegEvents]
  | PlayerNodeEvent
  | RecorderNodeEvent
  | { readonly name: 'listener-audio'; readonly payload: MediaListenerEvents['audio'] }
  | { readonly name: 'feed-drained'; readonly payload: MediaFeedEvents['drained'] };
export type PlayerNodeEvent = {
  [K in keyof PlayerEvents]: { readonly name: `player-${K}`; readonly payload: PlayerEvents[K] };
}[keyof PlayerEvents];
export type RecorderNodeEvent = {
  [K in keyof RecorderEvents]: { readonly name: `recorder-${K}`; readonly payload: RecorderEvents[K] };
}[keyof RecorderEvents];

export type Notice =
  | { readonly kind: 'reply'; readonly request: number; readonly value: ReplyValue }
  /** The request could not be met: no port is free, the node is gone. */
  | { readonly kind: 'refused'; readonly request: number; readonly detail: string }
  | { readonly kind: 'event'; readonly node: number; readonly event: NodeEvent }
  | {
      readonly kind: 'log';
      readonly level: 'warn' | 'error';
      readonly message: string;
      readonly error: string;
    };
