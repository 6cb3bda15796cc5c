/**
 * REFER inside a dialog (RFC 3515): the peer asks us to call somebody, and is told how that goes by the implicit
 * subscription that comes with it (§2.4.4).
 *
 * - Refer-To exactly once and a URI that can be called, else 400 (§2.4.2); a method other than INVITE is nothing for a
 *   call: 603, as when nobody listens.
 * - 202, then NOTIFY with `SIP/2.0 100 Trying` at once, one for every further status, and the last with
 *   `terminated;reason=noresource` (§2.4.5, §2.4.7). Each REFER has a subscription of its own; from the second in a dialog
 *   on, `Event: refer;id=` names the CSeq of the REFER (§2.4.6), which the first may leave out, and old phones want it so.
 * - A subscription that outlives `REFER_EXPIRES_SECONDS` ends with `reason=timeout`, one whose NOTIFY gets 481 or no answer
 *   ends in silence (RFC 6665 §4.2.2). It may outlive the session: a transferor hangs up as soon as it has its 202, and the
 *   outcome is sent in the dialog all the same; an expiry timer does not.
 * - At most `MAX_SUBSCRIPTIONS` live at a time; a REFER beyond is refused with 603.
 * - `Refer-Sub: false` (RFC 4488 §4): 202 with the same, and no subscription.
 */

import type { TimerHandle } from '../../kernel/clock.ts';
import { cseq } from '../message/fields.ts';
import { formatNameAddr, parseNameAddr } from '../message/name-addr.ts';
import { reasonPhrase } from '../message/reason.ts';
import type { SipRequest, Uri } from '../message/types.ts';
import { formatUri, isSipUri, isTelUri } from '../message/uri.ts';
import type { ServerTransaction } from '../transaction/types.ts';
import { xHeaders } from './bodies.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import { sendInDialog } from './in-dialog-client.ts';
import type { ChallengeHook, ExtraHeaders, ReferProgress, ReferRequest } from './types.ts';

/** Subscriptions of one session that live at a time: more transfers than anybody presses keys for. */
const MAX_SUBSCRIPTIONS = 8;

/** Longer than any call rings. */
const REFER_EXPIRES_SECONDS = 300;

export interface ReferHost {
  readonly onChallenge: ChallengeHook | undefined;
  /** Tells the user; false when nobody listens. */
  refer(request: ReferRequest): boolean;
}

/** The REFERs of one session. */
export class Refers {
  readonly #context: DialogContext;
  readonly #host: ReferHost;
  readonly #live = new Set<Subscription>();
  #seen = 0;

  constructor(context: DialogContext, host: ReferHost) {
    this.#context = context;
    this.#host = host;
  }

  receive(dialog: Dialog, transaction: ServerTransaction): void {
    const { request } = transaction;
    const target = referTarget(request);
    if (target === undefined) {
      transaction.reply(400, { reason: 'Bad Refer-To' });
      return;
    }
    if (target.method !== 'INVITE' || this.#live.size >= MAX_SUBSCRIPTIONS) {
      transaction.reply(603);
      return;
    }
    const listened = this.#host.refer({
      referTo: target.uri,
      replaces: target.replaces,
      headers: xHeaders(request),
      accept: () => this.#accept(dialog, transaction),
      reject: (status) => {
        if (transaction.open) transaction.reply(status);
      },
    });
    if (!listened && transaction.open) transaction.reply(603);
  }

  /** The session has ended: what is still subscribed hears the outcome, or nothing. */
  close(): void {
    for (const subscription of this.#live) subscription.forgetExpiry();
    this.#live.clear();
  }

  #accept(dialog: Dialog, transaction: ServerTransaction): ReferProgress {
    if (!transaction.open) return { progress: () => undefined };
    const { request } = transaction;
    const contact: ExtraHeaders = [['Contact', formatNameAddr(dialog.contact)]];
    if (/^\s*false\s*(;|$)/i.test(request.headers.get('Refer-Sub') ?? '')) {
      transaction.reply(202, { fields: [...contact, ['Refer-Sub', 'false']] });
      return { progress: () => undefined };
    }
    transaction.reply(202, { fields: contact });
    this.#seen += 1;
    const event = this.#seen === 1 ? 'refer' : `refer;id=${cseq(request).sequence}`;
    const subscription = new Subscription(this.#context, dialog, event, this.#host.onChallenge, () =>
      this.#live.delete(subscription),
    );
    this.#live.add(subscription);
    subscription.progress(100);
    return subscription;
  }
}

class Subscription implements ReferProgress {
  readonly #context: DialogContext;
  readonly #dialog: Dialog;
  readonly #event: string;
  readonly #onChallenge: ChallengeHook | undefined;
  readonly #onEnded: () => void;
  readonly #expiresAt: number;
  #expiry: TimerHandle | undefined;
  #last = 100;
  #ended = false;

  constructor(
    context: DialogContext,
    dialog: Dialog,
    event: string,
    onChallenge: ChallengeHook | undefined,
    onEnded: () => void,
  ) {
    this.#context = context;
    this.#dialog = dialog;
    this.#event = event;
    this.#onChallenge = onChallenge;
    this.#onEnded = onEnded;
    const ms = REFER_EXPIRES_SECONDS * 1000;
    this.#expiresAt = context.clock.monotonic() + ms;
    this.#expiry = context.clock.setTimeout(() => this.#notify(this.#last, 'terminated;reason=timeout'), ms);
  }

  progress(status: number): void {
    if (this.#ended) return;
    this.#last = status;
    const left = Math.max(0, Math.ceil((this.#expiresAt - this.#context.clock.monotonic()) / 1000));
    this.#notify(status, status >= 200 ? 'terminated;reason=noresource' : `active;expires=${left}`);
  }

  forgetExpiry(): void {
    this.#context.clock.clearTimeout(this.#expiry);
    this.#expiry = undefined;
  }

  #notify(status: number, state: string): void {
    if (state.startsWith('terminated')) this.#end();
    const fields: ExtraHeaders = [
      ['Contact', formatNameAddr(this.#dialog.contact)],
      ['Event', this.#event],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ];
    // Our own words: the status line of the other leg says nothing but its number.
    const body = Buffer.from(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`);
    const what = { method: 'NOTIFY', fields, body, onChallenge: this.#onChallenge };
    sendInDialog(this.#context, this.#dialog, what, (outcome) => {
      const refused = typeof outcome === 'string' || outcome.status === 481 || outcome.status === 489;
      if (refused) this.#end();
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.forgetExpiry();
    this.#onEnded();
  }
}

interface ReferTarget {
  readonly uri: string;
  readonly replaces: string | undefined;
  readonly method: string;
}

/** §2.1: one Refer-To with a URI that can be called. Header fields of the URI do not cross, Replaces apart. */
function referTarget(request: SipRequest): ReferTarget | undefined {
  const values = request.headers.getAll('Refer-To');
  const [text] = values;
  if (text === undefined || values.length !== 1) return undefined;
  let uri: Uri;
  try {
    ({ uri } = parseNameAddr(text));
  } catch {
    return undefined;
  }
  if (isTelUri(uri)) return { uri: formatUri(uri), replaces: undefined, method: 'INVITE' };
  if (!isSipUri(uri)) return undefined;
  const replaces = uri.headers.get('replaces') ?? undefined;
  const params = new Map([...uri.params].filter(([name]) => name !== 'method'));
  const method = (uri.params.get('method') ?? 'INVITE').toUpperCase();
  return { uri: formatUri({ ...uri, params, headers: new Map() }), replaces, method };
}
