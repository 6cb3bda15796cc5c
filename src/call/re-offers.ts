/**
 * The media of a running call changes: by the peer's offer, or by ours. Each leg is negotiated by itself, and the other
 * call never hears of it (PITFALLS rows 11, 15). A refusal leaves the old session as it was (RFC 3261 §14.1, §14.2).
 */
import { describeError, type Logger } from '../kernel/logger.ts';
import { readSdp } from '../sdp/read.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import type { InviteSession, ReOffer } from '../sip/dialog/types.ts';
import type { CallMedia } from './call-media.ts';

/** Answers a re-INVITE or UPDATE from our own leg alone. */
export function answerReOffer(reoffer: ReOffer, media: CallMedia | undefined, log: Logger): void {
  if (media?.leg === undefined || !media.configured) {
    // RFC 3311 §5.2: an UPDATE before we have answered the first offer.
    reoffer.reject(500);
    return;
  }
  let sdp: string;
  try {
    sdp = reoffer.sdp === undefined ? media.offer() : media.answer(readSdp(reoffer.sdp));
  } catch (error) {
    log.info({ error: describeError(error) }, 'a re-offer was refused');
    reoffer.reject(error instanceof SdpError ? 488 : 500);
    return;
  }
  reoffer.accept(sdp);
}

/** The answer to an offer that we made in the 200 of a re-INVITE; anything else in an ACK is ignored (row 14). */
export function applyLateAnswer(sdp: string | undefined, media: CallMedia | undefined, log: Logger): void {
  if (sdp !== undefined && media?.offering === true) applyAnswer(sdp, media, log);
}

/** False when it cannot be used: the media stays as it was. */
export function applyAnswer(sdp: string, media: CallMedia, log: Logger): boolean {
  try {
    media.answered(readSdp(sdp));
    return true;
  } catch (error) {
    log.info({ error: describeError(error) }, 'an answer could not be used; the media stays as it was');
    return false;
  }
}

export interface HoldingOptions {
  readonly session: InviteSession;
  readonly media: CallMedia;
  readonly log: Logger;
  readonly accepted: () => void;
  readonly rejected: (status: number) => void;
}

/**
 * Puts the peer on hold and takes it back, by offers of ours. One at a time: what is wanted meanwhile follows when the
 * answer is there, and only the last wish counts.
 */
export class Holding {
  readonly #options: HoldingOptions;
  #wanted = false;
  #agreed = false;
  #offering = false;

  constructor(options: HoldingOptions) {
    this.#options = options;
  }

  want(held: boolean): void {
    this.#wanted = held;
    if (!this.#offering) void this.#offer();
  }

  async #offer(): Promise<void> {
    const { session, log } = this.#options;
    this.#offering = true;
    try {
      // PITFALLS row 40: the call may have ended while we waited.
      while (this.#wanted !== this.#agreed && session.state === 'confirmed') await this.#change(this.#wanted);
    } catch (error) {
      log.error({ error: describeError(error) }, 'an offer of ours failed');
    }
    this.#offering = false;
  }

  async #change(held: boolean): Promise<void> {
    const { session, media, accepted, rejected } = this.#options;
    const outcome = await session.reoffer(() => this.#describe(held));
    if (session.state === 'ended' || outcome.kind === 'ended') return;
    const status = outcome.kind === 'refused' ? outcome.status : this.#apply(outcome.sdp);
    if (status === undefined) {
      this.#agreed = held;
      media.hold(held);
      accepted();
      return;
    }
    media.withdrawn();
    // Not again by itself: whoever wants it asks again.
    this.#wanted = this.#agreed;
    rejected(status);
  }

  /** Only the offer itself says it: until it is answered, an offer of the peer (glare) is answered as things are. */
  #describe(held: boolean): string {
    const { media } = this.#options;
    media.hold(held);
    const sdp = media.offer();
    media.hold(this.#agreed);
    return sdp;
  }

  /** 488 for an answer that cannot be used. */
  #apply(sdp: string): 488 | undefined {
    const { media, log } = this.#options;
    return applyAnswer(sdp, media, log) ? undefined : 488;
  }
}
