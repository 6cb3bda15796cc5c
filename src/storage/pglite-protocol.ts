/** Messages between the main thread and the database worker. Requests are answered in the order they were sent. */

export interface WorkerStart {
  /** Folder of the database; made when it is not there. */
  readonly folder: string;
}

export type WorkerRequest =
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'close'; readonly id: number };

/** What of a database error crosses the thread boundary. The message of a constraint error never quotes the row. */
export interface WorkerError {
  readonly message: string;
  readonly code: string | undefined;
  readonly constraint: string | undefined;
}

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: WorkerError }
  | {
      readonly kind: 'rows';
      readonly id: number;
      readonly rows: unknown[];
      readonly affected: number | undefined;
    }
  | { readonly kind: 'error'; readonly id: number; readonly error: WorkerError };
