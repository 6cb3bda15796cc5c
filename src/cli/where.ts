/** Options that say where a command does its work: in a database, or at a running node. */
export const WHERE_OPTIONS = {
  application: { type: 'string' },
  settings: { type: 'string' },
  example: { type: 'string' },
  data: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
} as const;

/** The same for the usage. @param scope of the key. */
export const whereUsage = (scope: string): string =>
  `  WHERE  --settings FILE | --example NAME, --data FOLDER    the database of a node that does not run (embedded), or any (PostgreSQL)
         --url http://… --key mk_…                          a running node; the key needs ${scope}, and may stand in MASKLINE_API_KEY
`;
