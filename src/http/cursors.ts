import { createHash } from 'node:crypto';
import { HttpError } from './problems.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

interface PageRequest {
  readonly limit?: number;
  readonly cursor?: string;
}

const TAG_LENGTH = 8;
/** What `limit` is when a request does not say it. */
const DEFAULT_LIMIT = 50;

/**
 * Reads one page of a list. Its cursors are good for that list of that tenant only. The mark in front is no secret and
 * protects nothing (what a list shows is decided by its filter): it turns a cursor that was mixed up into a 400 instead of a
 * page from the wrong place.
 *
 * @param list `place`: where the cursor stood, `query/cursor` or `body/cursor`; `of`: what it belongs to, no numbers.
 * @throws HttpError `request/cursor` for what is no cursor of this list.
 */
export async function readPage<T>(
  list: { readonly place: 'query/cursor' | 'body/cursor'; readonly of: readonly (string | undefined)[] },
  { cursor, limit = DEFAULT_LIMIT }: PageRequest,
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const tag = tagOf(list.of);
  const refused = (): HttpError => noCursor(list.place);
  if (cursor !== undefined && !cursor.startsWith(tag)) throw refused();
  const page = { limit, ...(cursor === undefined ? {} : { cursor: cursor.slice(TAG_LENGTH) }) };
  const { items, next } = await read(page).catch((error: unknown) => {
    throw cursor !== undefined && isForged(error) ? refused() : error;
  });
  return { items, next: next === undefined ? undefined : `${tag}${next}` };
}

/**
 * What reads lists whose cursors outlive keys and filters, and so have no mark in front: the log of events, and deliveries.
 *
 * @param place where the cursor stood.
 * @throws HttpError `request/cursor`, with that place, for what is no cursor of that list.
 */
export async function namingCursor<T>(
  place: 'query/cursor' | 'body/cursor' | 'headers/last-event-id',
  reading: Promise<T>,
): Promise<T> {
  return await reading.catch((error: unknown) => {
    throw error instanceof Error && error.name === 'InvalidCursor' ? noCursor(place) : error;
  });
}

function noCursor(place: string): HttpError {
  const fields = [{ name: place, message: 'is no cursor of this list' }];
  return new HttpError('request/cursor', undefined, { fields });
}

function tagOf(of: readonly (string | undefined)[]): string {
  const text = JSON.stringify(of.map((part) => part ?? null));
  return createHash('sha256').update(text).digest('base64url').slice(0, TAG_LENGTH);
}

function isForged(error: unknown): boolean {
  return (error instanceof Error && error.name === 'InvalidCursor') || isDataException(error);
}

/** A forged cursor may hold a date that no calendar has: SQLSTATE class 22 (PostgreSQL appendix A). */
export function isDataException(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code);
}
