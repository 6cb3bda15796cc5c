/** What can go wrong with stored data, and what to do about it. The catalogue form is that of `kernel/errors.ts`. */
export const STORAGE_ERRORS = {
  'storage/folder-in-use': {
    title: 'Another process has the data folder open.',
    hint: 'Stop the other Maskline first, or give this one a data folder of its own (setting `data`).',
  },
  'storage/unreachable': {
    title: 'The database cannot be reached.',
    hint: 'Check DATABASE_URL, and that the PostgreSQL server runs and lets this machine in.',
  },
  'storage/newer': {
    title: 'The database was made by a newer Maskline.',
    hint: 'Start that version again; migrations go forward only. Or restore a backup from before the update.',
  },
  'storage/key-missing': {
    title: 'The database holds sealed numbers, but their key is not here.',
    hint: 'Put back the key file (default: `maskline.key` in the data folder), or name it with MASKLINE_KEY_FILE or MASKLINE_KEY. Nodes that share a database share the key.',
  },
  'storage/key-wrong': {
    title: 'The key does not fit the data.',
    hint: 'Use the key with which this database was made, or an empty database. Nothing was changed.',
  },
  'storage/key-invalid': {
    title: 'The key cannot be read.',
    hint: 'A key is one line per key, `id:base64 of 32 bytes`. The file must be readable by Maskline alone (mode 0600).',
  },
  'storage/key-in-use': {
    title: 'The key cannot be changed yet.',
    hint: 'Give the key file to every node that the message names, or stop those that are not needed, and run `maskline keys rotate-data` again; it goes on where it was.',
  },
  'storage/corrupt': {
    title: 'A sealed value cannot be opened.',
    hint: 'The row was changed by hand or damaged. Restore it from a backup, or delete it.',
  },
  'storage/stopped': {
    title: 'The embedded database stopped.',
    hint: 'It is opened again with the next request. If this repeats, look for a full disk or too little memory.',
  },
  'storage/full': {
    title: 'The key-value storage of the application is full.',
    hint: 'Remove keys, give them a shorter life, or raise the setting scenario.storageKeys.',
  },
  'entry/conflict': {
    title: 'That entry is already there.',
    hint: 'Choose another name or number, or delete the present one first.',
  },
  'entry/in-use': {
    title: 'Something still uses that entry.',
    hint: 'Change or delete what uses it first.',
  },
  'entry/declared': {
    title: 'That entry is declared in the settings file.',
    hint: 'Change it there and restart; the settings file would overwrite it at the next start.',
  },
  'entry/unknown': {
    title: 'There is no such entry.',
    hint: 'Check the id or the name; lists show what there is.',
  },
  'entry/invalid': {
    title: 'That entry is not valid.',
    hint: 'Correct what the message names.',
  },
} as const;

export type StorageErrorCode = keyof typeof STORAGE_ERRORS;

/** `detail` is for people and must not hold a number. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  readonly hint: string;
  /** What in particular; without the title and the hint. */
  readonly detail: string | undefined;

  constructor(code: StorageErrorCode, detail?: string, options?: ErrorOptions) {
    const { title, hint } = STORAGE_ERRORS[code];
    super(`${title}${detail === undefined ? '' : ` ${detail}`} ${hint}`, options);
    this.code = code;
    this.hint = hint;
    this.detail = detail;
  }
}

/** SQLSTATE of a database error, on either driver; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
