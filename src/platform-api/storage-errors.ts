import { PlatformError, type PlatformErrorCode } from './errors.ts';

/** A failure of the directory, known by its code: this folder does not import storage. */
export interface StorageFailure extends Error {
  readonly code: string;
  readonly detail: string | undefined;
}

export function isStorageError(error: unknown, code: string): error is StorageFailure {
  return error instanceof Error && (error as { code?: unknown }).code === code;
}

/** Writes, and says `code` when the name or number was taken meanwhile. */
export async function takenAs<T>(code: PlatformErrorCode, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw isStorageError(error, 'entry/conflict') ? new PlatformError(code, {}, { cause: error }) : error;
  }
}

/** What the client is told of a failure that no command has a better word for; undefined: it is ours. */
export function platformErrorOf(error: unknown): PlatformError | undefined {
  if (error instanceof PlatformError) return error;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  const cause = { cause: error };
  switch (code) {
    case 'entry/declared':
      return new PlatformError(104, { detail: 'the settings file declares it; change it there' }, cause);
    case 'entry/conflict':
    case 'entry/in-use':
    case 'entry/invalid':
      return new PlatformError(101, { detail: 'something else was changed meanwhile; ask again' }, cause);
    case 'entry/unknown':
      return new PlatformError(101, { detail: 'it is not there any more' }, cause);
    case 'storage/unreachable':
    case 'storage/stopped':
      return new PlatformError(4, {}, cause);
    case 'admission/draining':
      return new PlatformError(162, { detail: 'the node is stopping' }, cause);
    default:
      return undefined;
  }
}
