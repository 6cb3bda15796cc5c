import { statements as first } from './0001-first.ts';

export interface Migration {
  /** Never changes once released: it is what the database remembers. */
  readonly name: string;
  readonly statements: readonly string[];
}

/** In order. Only ever add at the end. */
export const MIGRATIONS: readonly Migration[] = [{ name: '0001-first', statements: first }];
