/** People who want to be forgotten, and who has seen numbers. */
import type { Caller, Items } from './caller.ts';
import type { Operations } from './schema.ts';
import type { RequestOptions } from './transport.ts';
import type { AuditEntry, ErasureReceipt } from './types.ts';

/** `maskline.privacy`. */
export class Privacy {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Erases a person by number; it cannot be undone. Asked again, it erases what has come since. */
  erase(person: Operations['erasePerson']['body'], options?: RequestOptions): Promise<ErasureReceipt> {
    return this.#caller.request('erasePerson', { body: person }, options);
  }

  /** Whether an erasure is complete: calls of that person may have been up. */
  receipt(id: string, options?: RequestOptions): Promise<ErasureReceipt> {
    return this.#caller.request('getErasure', { path: { id } }, options);
  }

  audit(filter: Operations['listAuditLog']['query'] = {}, options?: RequestOptions): Items<AuditEntry> {
    return this.#caller.each('listAuditLog', { query: filter }, options);
  }
}
