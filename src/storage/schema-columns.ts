import type { ColumnType } from 'kysely';

/** The database fills it in. */
export type Defaulted<T> = ColumnType<T, T | undefined, T>;
export type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** Read as a value, written as JSON text. */
export type JsonColumn = ColumnType<Record<string, unknown>, string, string>;
