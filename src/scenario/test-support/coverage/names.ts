/** What is looked for, from the list of the API. Inside the sandbox this module is replaced by its value (`instrument.ts`). */
import { API, callbackIndexes, functionPaths } from '../../types/api-list.ts';

export interface Names {
  readonly functions: readonly string[];
  readonly constructors: readonly string[];
  readonly enums: readonly string[];
  readonly classes: Readonly<Record<string, true>>;
  /** By function: which argument is a callback that gets a result. */
  readonly callbacks: Readonly<Record<string, number>>;
}

const ofKind = (kind: string): string[] => Object.keys(API).filter((name) => API[name]?.kind === kind);
const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

export const NAMES: Names = {
  functions: functionPaths(),
  constructors: ofKind('class').filter(
    (name) => API[name]?.methods?.constructor !== undefined && name !== 'ASR',
  ),
  enums: ofKind('enum'),
  classes: Object.fromEntries(ofKind('class').map((name) => [lastName(name), true])),
  callbacks: callbackIndexes(),
};
