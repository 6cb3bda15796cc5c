import { describeError, type Logger } from '../kernel/logger.ts';
import { readSdp } from '../sdp/read.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import type { InviteSession, ReOffer, SessionEvents } from '../sip/dialog/types.ts';
import type { CallMedia } from './call-media.ts';
import { digitOfInfo, mimeTypeOf } from './dtmf-info.ts';
import { allowHeaders, toHeaderMap } from './header-allow-list.ts';
import type { CallEvents, HeaderMap } from './types.ts';

/**
 * Answers a re-INVITE or UPDATE from our own leg alone: each leg is negotiated by itself, and the other call never
 * hears of it (PITFALLS rows 11, 15). A refusal leaves the old session as it was (RFC 3261 §14.2).
 */
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
  if (sdp === undefined || media === undefined || !media.offering) return;
  try {
    media.answered(readSdp(sdp));
  } catch (error) {
    log.info(
      { error: describeError(error) },
      'an answer in an ACK could not be used; the media stays as it was',
    );
  }
}

/** A body of more than this is not for a script. */
const MAX_INFO_BYTES = 16_384;

/** An INFO as a key or as text for the script; undefined when it carries nothing. */
export function readInfo(info: SessionEvents['info']): CallEvents['digit'] | CallEvents['info'] | undefined {
  if (info.body === undefined || info.body.content.length > MAX_INFO_BYTES) return undefined;
  const mimeType = mimeTypeOf(info.body);
  const body = new TextDecoder().decode(info.body.content);
  const digit = digitOfInfo(mimeType, body);
  return digit === undefined ? { mimeType, body, headers: toHeaderMap(info.headers) } : { digit };
}

/** Sends a script's INFO. Returns what was left out of it. */
export function sendInfo(
  session: InviteSession,
  mimeType: string,
  body: string,
  headers: HeaderMap,
  log: Logger,
): readonly string[] {
  if (!/^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}$/.test(mimeType)) {
    return ['INFO not sent: its type is not type/subtype'];
  }
  const content = new TextEncoder().encode(body);
  if (content.length > MAX_INFO_BYTES) return [`INFO not sent: it is longer than ${MAX_INFO_BYTES} bytes`];
  const allowed = allowHeaders(headers);
  session.info({ contentType: mimeType, content }, allowed.headers).catch((error: unknown) => {
    log.info({ error: describeError(error) }, 'an INFO was not delivered');
  });
  return allowed.dropped;
}
