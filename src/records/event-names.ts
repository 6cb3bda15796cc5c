import type { CallEvents } from '../call/types.ts';

type Detail = Readonly<Record<string, unknown>>;

/**
 * How an event of a leg is recorded: its name, and a detail that is built from a closed list. Header fields, bodies and
 * typed digits stay out: any of them may be a number or a PIN (PITFALLS rows 35 and 43). `undefined`: not recorded
 * here; how a leg ended is told by `ended`.
 */
export const LEG_EVENTS: Readonly<
  Record<keyof CallEvents, { readonly name: string; readonly detail: (told: Detail) => Detail } | undefined>
> = {
  ringing: plain('leg.ringing'),
  audioStarted: plain('leg.early-media'),
  connected: plain('leg.connected'),
  failed: undefined,
  disconnected: undefined,
  digit: plain('leg.digit'),
  info: {
    name: 'leg.info',
    detail: (told) => ({
      mimeType: typeof told.mimeType === 'string' ? told.mimeType.slice(0, 100) : '',
      length: typeof told.body === 'string' ? told.body.length : 0,
    }),
  },
  message: plain('leg.message'),
  transferRequested: plain('leg.transfer-requested'),
  onHold: plain('leg.hold'),
  offHold: plain('leg.unhold'),
  reinviteReceived: plain('leg.reinvite'),
  reinviteAccepted: plain('leg.reinvite-accepted'),
  reinviteRejected: {
    name: 'leg.reinvite-rejected',
    detail: (told) => ({ code: typeof told.code === 'number' ? told.code : 0 }),
  },
  firstAudioPacket: plain('leg.first-audio'),
  rtpStopped: plain('leg.silent'),
  rtpResumed: plain('leg.audible'),
};

function plain(name: string): { readonly name: string; readonly detail: () => Detail } {
  return { name, detail: () => ({}) };
}
