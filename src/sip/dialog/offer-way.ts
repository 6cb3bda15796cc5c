import type { Dialog } from './dialog.ts';
import type { SessionState } from './types.ts';

export interface OfferWay {
  readonly dialog: Dialog;
  readonly method: 'INVITE' | 'UPDATE';
}

/** How things stand in a session. */
export interface Standing {
  readonly state: SessionState;
  readonly dialog: Dialog | undefined;
  /** The dialog that an UPDATE before the answer may use. */
  earlyDialog(): Dialog | undefined;
  /** Whether an offer or INVITE of the peer is open, or waits for its ACK. */
  readonly busy: boolean;
}

/** The table of `outgoing-offers.ts`: by which dialog and method a job may leave now; undefined: it waits. */
export function wayFor(
  kind: 'offer' | 'refresh',
  { state, dialog, earlyDialog, busy }: Standing,
): OfferWay | undefined {
  if (busy) return undefined;
  if (state === 'confirmed' && dialog !== undefined) {
    // RFC 4028 §7.4: an UPDATE without offer changes nothing, so no exchange can be in its way.
    const bare = kind === 'refresh' && (dialog.allows('UPDATE') || dialog.media.local === undefined);
    if (bare) return { dialog, method: 'UPDATE' };
    return dialog.media.pending === 'none' ? { dialog, method: 'INVITE' } : undefined;
  }
  const early = kind === 'offer' && state === 'proceeding' ? earlyDialog() : undefined;
  const may = early?.media.established === true && early.allows('UPDATE');
  return may ? { dialog: early, method: 'UPDATE' } : undefined;
}
