import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import type { Dialog, DialogId } from './dialog.ts';

/** Who gets what arrives inside a dialog. */
export interface DialogUsage {
  onInvite(dialog: Dialog, transaction: InviteServerTransaction): void;
  onRequest(dialog: Dialog, transaction: ServerTransaction): void;
  onAck(dialog: Dialog, request: SipRequest, flow: Flow): void;
}

/** A dialog and who it belongs to. */
export interface DialogEntry {
  readonly dialog: Dialog;
  readonly usage: DialogUsage;
}

/**
 * Dialogs by Call-ID and both tags, and by nothing else: not by connection, not by Call-ID alone (PITFALLS row 7). A call
 * between two of our own legs has both of its dialogs here, with the tags the other way round.
 */
export class DialogTable {
  readonly #entries = new Map<string, DialogEntry>();

  get size(): number {
    return this.#entries.size;
  }

  add(dialog: Dialog, usage: DialogUsage): void {
    this.#entries.set(keyOf(dialog.id), { dialog, usage });
  }

  remove(dialog: Dialog): void {
    this.#entries.delete(keyOf(dialog.id));
  }

  find(id: DialogId): DialogEntry | undefined {
    return this.#entries.get(keyOf(id));
  }
}

/** Neither a Call-ID nor a tag can hold a line break. */
function keyOf(id: DialogId): string {
  return `${id.callId}\n${id.localTag}\n${id.remoteTag}`;
}
