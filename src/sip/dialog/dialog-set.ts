/**
 * The dialogs of one INVITE of ours (RFC 3261 §12.1.2, §13.2.2.4; PITFALLS row 5): any number of early ones, each with
 * its own target, route set and CSeq, and one for each 2xx. The first 2xx is the call; every other one is a fork, which
 * whoever holds the set acknowledges and ends.
 */
import { toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { Dialog, type UacSide } from './dialog.ts';
import type { DialogTable, DialogUsage } from './dialog-table.ts';

export interface DialogSetOptions extends UacSide {
  readonly invite: SipRequest;
  readonly table: DialogTable;
  readonly usage: DialogUsage;
  /** How many dialogs at most. */
  readonly limit: number;
}

/** One per INVITE request; a retry with credentials is another INVITE. */
export class DialogSet {
  readonly invite: SipRequest;
  readonly #options: DialogSetOptions;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #confirmed = new Set<Dialog>();
  /** Early ones that are over. A 2xx may follow all the same, and goes on where their PRACKs have taken the CSeq. */
  readonly #dropped = new Map<string, Dialog>();
  /** Tags of early dialogs that a 199 has ended. */
  readonly #gone = new Set<string>();

  constructor(options: DialogSetOptions) {
    this.#options = options;
    this.invite = options.invite;
  }

  get size(): number {
    return this.#dialogs.size;
  }

  /** 101–199 with a To tag: its early dialog, new or known. Undefined without a tag, or beyond the limit. */
  early(response: SipResponse): Dialog | undefined {
    return toTag(response) === undefined ? undefined : this.#dialogFor(response);
  }

  /**
   * A 2xx: its dialog, early before or new. `fork` when another 2xx was first. Undefined beyond the limit: a peer that
   * answers so often is no telephone.
   */
  confirm(response: SipResponse): { readonly dialog: Dialog; readonly fork: boolean } | undefined {
    const dialog = this.#dialogFor(response);
    if (dialog === undefined) return undefined;
    const fork = this.#confirmed.size > 0 && !this.#confirmed.has(dialog);
    this.#confirmed.add(dialog);
    return { dialog, fork };
  }

  /** RFC 6228: its early dialog has ended by 199; what still comes of it, other than a 2xx, means nothing. */
  isGone(response: SipResponse): boolean {
    return this.#gone.has(toTag(response) ?? '');
  }

  /** 199: that early dialog is over; the others go on. */
  end(dialog: Dialog): void {
    if (this.#confirmed.has(dialog)) return;
    this.#gone.add(dialog.id.remoteTag);
    this.#drop(dialog);
  }

  /** Early dialogs end with a final response (§12.3); confirmed ones are left to the session. */
  dropEarly(): void {
    for (const dialog of [...this.#dialogs.values()]) if (!this.#confirmed.has(dialog)) this.#drop(dialog);
  }

  #drop(dialog: Dialog): void {
    const tag = dialog.id.remoteTag;
    this.#options.table.remove(dialog);
    this.#dialogs.delete(tag);
    this.#dropped.set(tag, dialog);
  }

  #dialogFor(response: SipResponse): Dialog | undefined {
    const tag = toTag(response) ?? '';
    const known = this.#dialogs.get(tag);
    if (known !== undefined) {
      // §13.2.2.4: a 2xx that follows an early dialog computes its route set anew.
      known.learnFrom(response);
      return known;
    }
    const { invite, limit, table, usage } = this.#options;
    if (this.#dialogs.size + this.#gone.size >= limit) return undefined;
    const dropped = this.#dropped.get(tag);
    dropped?.learnFrom(response);
    const dialog = dropped ?? Dialog.ofUac(invite, response, this.#options);
    this.#dropped.delete(tag);
    this.#dialogs.set(tag, dialog);
    table.add(dialog, usage);
    return dialog;
  }
}
