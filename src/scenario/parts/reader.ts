import type { Fields } from '../command-fields.ts';

/** By type of command: reads the fields into the command, or throws `BadCommand`. */
export type Readers<C extends { readonly type: string }> = {
  readonly [T in C['type']]: (fields: Fields, type: T) => CommandOfType<C, T>;
};
type CommandOfType<C extends { readonly type: string }, T> = C extends { readonly type: infer U }
  ? T extends U
    ? C
    : never
  : never;
