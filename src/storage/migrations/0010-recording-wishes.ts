/** What a script calls a recording, and until when it wants it kept. */
export const statements: readonly string[] = [
  `alter table recordings add column name text, add column keep_until timestamptz`,
];
