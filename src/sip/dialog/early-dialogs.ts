/**
 * The early dialogs of an INVITE of ours, and what their 101–199 bring: PRACKs (RFC 3262 §4, §5), early media, and the end
 * of a single fork by 199 (RFC 6228 §4). PITFALLS rows 5, 13, 15.
 */
import type { SipRequest, SipResponse } from '../message/types.ts';
import { sdpOf } from './bodies.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import type { DialogSet } from './dialog-set.ts';
import { EarlyMedia } from './early-media.ts';
import { ReliableResponses } from './reliable-responses.ts';
import type { ChallengeHook, LateAnswer } from './types.ts';

export interface EarlyDialogsHost {
  readonly onChallenge: ChallengeHook | undefined;
  /** Whether the user is asked for an answer: not after it has given the call up. */
  mayAnswer(): boolean;
  /** Tells the user of a 101–199. */
  tell(response: SipResponse, sdp: string | undefined, answer: LateAnswer | undefined): void;
  /** An exchange is complete, or a PRACK has its response: an offer of ours may leave now. */
  settled(): void;
}

/** One per INVITE; a retry with credentials is another INVITE. */
export class EarlyDialogs {
  readonly #dialogs: DialogSet;
  readonly #host: EarlyDialogsHost;
  readonly #reliable: ReliableResponses;
  readonly #media = new EarlyMedia();
  /** PRACKs under way. */
  readonly #pracks = new Map<Dialog, number>();

  constructor(context: DialogContext, dialogs: DialogSet, invite: SipRequest, host: EarlyDialogsHost) {
    this.#dialogs = dialogs;
    this.#host = host;
    this.#reliable = new ReliableResponses(context, invite, host.onChallenge);
  }

  /** The one whose media is in force. */
  get current(): Dialog | undefined {
    return this.#media.current;
  }

  /** The same, unless a PRACK of it is under way: an UPDATE must not overtake that. */
  get settledDialog(): Dialog | undefined {
    const { current } = this.#media;
    return current === undefined || this.#pracks.has(current) ? undefined : current;
  }

  /** What the dialog has said of media in a 18x. */
  mediaOf(dialog: Dialog): string | undefined {
    return this.#media.of(dialog);
  }

  receive(response: SipResponse): void {
    if (this.#dialogs.isGone(response)) return;
    const dialog = this.#dialogs.early(response);
    const sdp = sdpOf(response);
    if (dialog === undefined) {
      this.#host.tell(response, sdp, undefined);
      return;
    }
    const admitted = this.#reliable.admit(dialog, response);
    if (admitted === 'drop') return;
    const answer = admitted === 'next' ? this.#acknowledge(dialog, response, sdp) : undefined;
    if (response.status === 199) {
      this.#dialogs.end(dialog);
      this.#host.tell(response, this.#media.ends(dialog), undefined);
      return;
    }
    if (sdp !== undefined) this.#media.says(dialog, sdp);
    this.#host.tell(response, sdp, answer);
    this.#host.settled();
  }

  /** A final response has come. */
  clear(): void {
    this.#media.clear();
  }

  /** PRACK at once, unless the 18x makes an offer: then the user's answer goes with it (RFC 3262 §5). */
  #acknowledge(dialog: Dialog, response: SipResponse, sdp: string | undefined): LateAnswer | undefined {
    const { media } = dialog;
    const offered = sdp !== undefined && media.pending === 'none' && media.local === undefined;
    if (offered && this.#host.mayAnswer()) {
      media.peerOffers(sdp);
      return (answer) => {
        if (media.pending !== 'theirs' || media.local !== undefined || !this.#host.mayAnswer()) return;
        media.weAnswer(answer);
        this.#prack(dialog, response, answer);
      };
    }
    if (sdp !== undefined && media.local === undefined) media.peerAnswers(sdp);
    this.#prack(dialog, response, undefined);
    return undefined;
  }

  #prack(dialog: Dialog, response: SipResponse, answer: string | undefined): void {
    this.#pracks.set(dialog, (this.#pracks.get(dialog) ?? 0) + 1);
    this.#reliable.acknowledge(dialog, response, answer, () => {
      const left = (this.#pracks.get(dialog) ?? 1) - 1;
      if (left > 0) this.#pracks.set(dialog, left);
      else this.#pracks.delete(dialog);
      this.#host.settled();
    });
  }
}
