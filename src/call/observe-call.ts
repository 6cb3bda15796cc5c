import type { Emitter } from '../kernel/emitter.ts';
import type { Call, CallEvents, CallObserverEvents } from './types.ts';

/** What records may keep of an event: no digit, no body, no header, no number (PITFALLS rows 35, 43). */
const DETAIL: {
  readonly [K in keyof CallEvents]: (event: CallEvents[K]) => Readonly<Record<string, unknown>>;
} = {
  ringing: () => ({}),
  audioStarted: () => ({}),
  connected: () => ({}),
  failed: ({ code, reason, by }) => ({ code, reason, by }),
  disconnected: ({ code, reason, by, durationSeconds }) => ({ code, reason, by, durationSeconds }),
  digit: () => ({}),
  info: ({ mimeType }) => ({ mimeType }),
  message: () => ({}),
  transferRequested: () => ({}),
  onHold: () => ({}),
  offHold: () => ({}),
  reinviteReceived: () => ({}),
  reinviteAccepted: () => ({}),
  reinviteRejected: ({ code }) => ({ code }),
  firstAudioPacket: () => ({}),
  rtpStopped: () => ({}),
  rtpResumed: () => ({}),
};

/** Reports a call that belongs to a session from now on: `created`, each event in order, `ended`. */
export function observeCall(
  call: Call,
  applicationId: string,
  sessionId: string,
  observers: Emitter<CallObserverEvents>,
): void {
  observers.emit('created', { call, applicationId, sessionId });
  const observe = <K extends keyof CallEvents>(name: K): void => {
    call.events.on(name, (event) => {
      observers.emit('event', { call, sessionId, name, detail: DETAIL[name](event) });
    });
  };
  for (const name of Object.keys(DETAIL) as (keyof CallEvents)[]) observe(name);
  void call.ended.then((end) => observers.emit('ended', { call, sessionId, end }));
}
