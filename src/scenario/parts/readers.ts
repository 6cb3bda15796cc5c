/** The readers of the parts' commands, one line for each part. */
import type { Fields } from '../command-fields.ts';
import type { PartCommand } from './protocol.ts';

/** By type of command: reads the fields into the command, or throws `BadCommand`. */
export type Readers<C extends { readonly type: string }> = {
  readonly [T in C['type']]: (fields: Fields, type: T) => CommandOfType<C, T>;
};
type CommandOfType<C extends { readonly type: string }, T> = C extends { readonly type: infer U }
  ? T extends U
    ? C
    : never
  : never;

const READERS: Readers<PartCommand> = {};

const BY_TYPE = new Map(
  Object.entries(READERS as Readonly<Record<string, (fields: Fields, type: string) => PartCommand>>),
);

export function readPartCommand(type: string, fields: Fields): PartCommand | undefined {
  return BY_TYPE.get(type)?.(fields, type);
}
