/** What an erasure leaves, in the words of a receipt. */
import { KEPT_KINDS, type Kept, type KeptKind } from './ports.ts';

/** No server can find these by a number. Said in each receipt, so that nobody takes it for more than it is. */
const OUT_OF_REACH: readonly Kept[] = [
  {
    what: 'backups and what webhooks have delivered',
    why: 'They are outside the server; events name people by token only.',
  },
  {
    what: 'what your scripts have encrypted, or hashed with a secret',
    why: 'Nobody can tell that it is this number. Plain hashes of it (MD5, SHA-1, SHA-256) were found and removed.',
  },
  {
    what: 'the sound of calls of other people',
    why: 'A number that somebody has said there is in their recordings, and one that a script had spoken in the cache of spoken texts: it goes with those. Transcripts were read, and removed where they have the digits.',
  },
];

const LEFT: Readonly<Record<KeptKind, Required<Omit<Kept, 'count'>>>> = {
  accounts: {
    what: 'accounts of phones with the number',
    why: 'Change or delete them in the settings file or over the platform API.',
  },
  verifiedNumbers: {
    what: 'verified numbers',
    why: 'Your calls may show it: take it out of the settings file, or delete it over the API.',
  },
  scenarios: { what: 'scenarios with the number in their source', why: 'Change the source.' },
  rules: {
    what: 'rules with the number in their pattern or data',
    why: 'Change them in the settings file or over the API.',
  },
  policies: { what: 'routing policies with the number', why: 'Set the policy of the application anew.' },
  otherSettings: {
    what: 'service numbers, pools, trunks, fences, webhooks or keys with the number in a setting or name',
    why: 'Change them where they were set up.',
  },
  unreadable: {
    what: 'rows that cannot be opened',
    why: 'They are damaged: what is sealed in them nobody can read, with or without the number.',
  },
};

/** What was met and left, and what the server cannot find. */
export function keptOf(left: Readonly<Partial<Record<KeptKind, number>>>): readonly Kept[] {
  const found = KEPT_KINDS.flatMap((kind) => {
    const count = left[kind] ?? 0;
    return count === 0 ? [] : [{ ...LEFT[kind], count }];
  });
  return [...found, ...OUT_OF_REACH];
}
