/**
 * What is taken away, and what is needed for that of what is stored. Each method is one small transaction; whatever is not done
 * when a process is killed is found again by the next step.
 */
import type { Mentions } from '../kernel/number-spellings.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';

/** In the order in which they are taken away: calls stay for as long as their recordings. */
export const RETENTION_KINDS = [
  'transcripts',
  'recordings',
  'calls',
  'sessions',
  'people',
  'events',
  'audit',
] as const;

export type RetentionKind = (typeof RETENTION_KINDS)[number];

export interface RetentionStore {
  /**
   * Takes away what is older, a few at once.
   *
   * @param before ms since the epoch; undefined: nothing is too old, and only what a script has wished goes.
   * @returns how many there were; undefined: another node is at it.
   */
  remove(kind: RetentionKind, before: number | undefined, now: number): Promise<number | undefined>;
  /** How many there are that should be gone. For metrics and `maskline doctor`; reads no more than it must. */
  backlog(kind: RetentionKind, before: number | undefined, now: number): Promise<number>;
}

/** A file whose row is gone. */
export interface FileRemoval {
  readonly id: number;
  /** Relative to the recordings folder: of the recording, also where only its transcript goes. */
  readonly path: string;
  readonly what: 'recording' | 'transcript';
}

export interface FileRemovals {
  /** Files of the node that are to be deleted, the oldest first. Nothing is claimed: only their own node deletes them. */
  list(node: string, most: number): Promise<readonly FileRemoval[]>;
  /** They are deleted. */
  done(ids: readonly number[]): Promise<void>;
  /** What waits for nodes, by their names. */
  waiting(): Promise<Readonly<Record<string, number>>>;
  readonly words: WordSearches;
}

/** Transcripts of a node that are to be read for the number of an erasure: it may have been said in anybody's call. */
export interface WordSearch {
  readonly id: number;
  readonly node: string;
  readonly erasureId: string;
  /** Undefined: of all. */
  readonly applicationId: string | undefined;
  readonly mentions: Mentions;
  /** Id of the last recording that was read; empty: none was. */
  readonly after: string;
}

export interface WordSearches {
  /** Those of a node; nothing is claimed: only their own node has the files. */
  list(node: string): Promise<readonly WordSearch[]>;
  /** The next recordings that have transcripts, in the order of their ids. Paths are relative to the recordings folder. */
  next(
    search: WordSearch,
    most: number,
  ): Promise<readonly { readonly recordingId: string; readonly path: string }[]>;
  /**
   * They are read. Transcripts in which the number was found go: their rows now, their files with the next ones that go.
   *
   * @param after the last one that was read; undefined: there are no more.
   */
  read(search: WordSearch, found: readonly string[], after: string | undefined): Promise<void>;
}

/** What was removed, by kind. */
export const ERASED_KINDS = [
  'people',
  'sessionsClosed',
  'parties',
  'blocks',
  'maskedCalls',
  'backendAnswers',
  'numbersInCalls',
  'recordings',
  'transcripts',
  'traces',
  'eventLogs',
  'logLines',
  'storedValues',
  'callListRows',
  'keptAnswers',
  'registrations',
  'texts',
] as const;

export type ErasedKind = (typeof ERASED_KINDS)[number];

/** Where the number stands in what the company has set up, which only that can change, and rows that nobody can open. */
export const KEPT_KINDS = [
  'accounts',
  'verifiedNumbers',
  'scenarios',
  'rules',
  'policies',
  'otherSettings',
  'unreadable',
] as const;

export type KeptKind = (typeof KEPT_KINDS)[number];

/** A receipt: how much of what, and nothing that leads back to the number. */
export interface Erasure {
  /** `er_` and a UUID. */
  readonly id: string;
  /** Undefined: in all applications. */
  readonly applicationId: string | undefined;
  /** ms since the epoch. People who come and calls that begin later are not erased. */
  readonly at: number;
  /** Id of an API key, or `cli`. */
  readonly actor: string;
  /** `running`: calls of that person go on, or a node has still to delete files. */
  readonly status: 'running' | 'complete';
  readonly finishedAt: number | undefined;
  readonly removed: Readonly<Partial<Record<ErasedKind, number>>>;
  /** What was met, and left. */
  readonly left: Readonly<Partial<Record<KeptKind, number>>>;
  /** ms since the epoch. Every text that was stored until then has been looked at; undefined: it goes on. */
  readonly searchedUntil: number | undefined;
}

/** Something that stays. */
export interface Kept {
  readonly what: string;
  readonly why: string;
  /** How many, where that is known. */
  readonly count?: number;
}

/** An erasure as it is shown. */
export interface ErasureReceipt extends Omit<Erasure, 'left'> {
  readonly kept: readonly Kept[];
}

/** What the API and the command ask for. */
export interface Erasures {
  /** Resolves with the receipt, when what can be removed within some seconds is. Rejects as `ErasureStore.begin`. */
  erase(request: {
    readonly number: PhoneNumber;
    readonly applicationId: string | undefined;
    readonly actor: string;
  }): Promise<ErasureReceipt>;
  /** @param applicationId undefined: of any. */
  get(id: string, applicationId: string | undefined): Promise<ErasureReceipt | undefined>;
}

export interface ErasureStore {
  /**
   * Writes down that a number is to be erased, with its row in the audit log. One that is being erased already is the same
   * erasure. Rejects with `entry/invalid` for one of our own service numbers.
   */
  begin(request: {
    readonly number: PhoneNumber;
    readonly applicationId: string | undefined;
    readonly actor: string;
  }): Promise<Erasure>;
  /**
   * Does a part.
   *
   * @returns `more`: there is more to do now; `waits`: for calls to end, or for files; `complete`. Undefined: another node has it.
   */
  step(id: string): Promise<'more' | 'waits' | 'complete' | undefined>;
  get(id: string, applicationId: string | undefined): Promise<Erasure | undefined>;
  /** Ids of those that run, the oldest first. */
  running(): Promise<readonly string[]>;
}
