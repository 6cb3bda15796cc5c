import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { Type } from 'typebox';
import { createLogger } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { deleteFiles } from '../retention/delete-files.ts';
import { erasuresOf } from '../retention/erasures.ts';
import type { Kept } from '../retention/ports.ts';
import { askNodeFor } from './ask-node.ts';
import { openStored, type StoredAt } from './open-stored.ts';
import { UsageError } from './usage-error.ts';
import { WHERE_OPTIONS, whereUsage } from './where.ts';

const USAGE = `maskline erase [--application NAME] [WHERE] < NUMBER

  Erases the person with the telephone number that is read from standard input, so that it stands in no history of commands
  and in no list of processes. It cannot be undone. Prints a receipt.

${whereUsage('people:write')}`;

const Receipt = Type.Object({
  id: Type.String(),
  status: Type.Enum(['running', 'complete']),
  removed: Type.Record(Type.String(), Type.Integer()),
  kept: Type.Array(
    Type.Object({ what: Type.String(), why: Type.String(), count: Type.Optional(Type.Integer()) }),
  ),
});

interface Shown {
  readonly id: string;
  readonly status: 'running' | 'complete';
  readonly removed: Readonly<Record<string, number>>;
  readonly kept: readonly Kept[];
}

const IN_USE = (url: string): string =>
  `A node runs on this data folder. Let it erase, with a key that has the scope people:write:\n\n  maskline erase --url ${url} --key mk_… < NUMBER`;

/** Resolves with the exit status. @param input what stands for standard input. */
export async function eraseCommand(
  args: string[],
  input: NodeJS.ReadableStream = process.stdin,
): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: WHERE_OPTIONS, allowPositionals: true });
  if (positionals.length > 0) {
    console.error(`The number is read from standard input.\n\n${USAGE}`);
    return 2;
  }
  if ('isTTY' in input && input.isTTY === true)
    console.error('Type the number with its country code, then Enter and Ctrl-D:');
  const number = PhoneNumber.parse((await text(input)).trim());
  if (!number.isE164)
    throw new UsageError(
      'That is no telephone number.',
      'Begin with + and the country code, and give one number.',
    );
  const receipt =
    values.url === undefined ? await eraseStored(values, number) : await eraseOverHttp(values, number);
  print(receipt);
  return 0;
}

async function eraseStored(values: StoredAt, number: PhoneNumber): Promise<Shown> {
  const { storage, settings, data } = await openStored(values, IN_USE);
  try {
    const { application } = values;
    const known = storage.admin.applications();
    const found = known.find(({ id, name }) => application === id || application === name);
    if (application !== undefined && found === undefined)
      throw new UsageError(
        `There is no application "${application}".`,
        `There are: ${known.map(({ name }) => name).join(', ') || 'none'}.`,
      );
    const erasures = erasuresOf(storage.erasures, () =>
      deleteFiles({
        removals: storage.fileRemovals,
        node: settings.node,
        recordingsFolder: join(data, 'recordings'),
        log: createLogger('error'),
      }),
    );
    return await erasures.erase({ number, applicationId: found?.id, actor: 'cli' });
  } finally {
    await storage.close();
  }
}

async function eraseOverHttp(
  values: { readonly url?: string; readonly key?: string; readonly application?: string },
  number: PhoneNumber,
): Promise<Shown> {
  const secret = values.key ?? process.env.MASKLINE_API_KEY;
  if (values.url === undefined || secret === undefined)
    throw new UsageError(
      '--url needs a key.',
      'Give one with the scope people:write in --key or MASKLINE_API_KEY.',
    );
  const node = { url: values.url, secret };
  return await askNodeFor(Receipt, node, 'POST', '/v1/erasures', {
    // The node is told which number; nobody else is.
    number: number.reveal('erase'),
    ...(values.application === undefined ? {} : { application: values.application }),
  });
}

function print({ id, status, removed, kept }: Shown): void {
  console.log(`Receipt ${id}`);
  const counts = Object.entries(removed);
  for (const [kind, count] of counts) console.log(`  ${kind}: ${count}`);
  if (counts.length === 0) console.log('  Nothing was there to be removed.');
  if (status === 'complete') console.log('The person is erased.');
  else
    console.log(
      'It goes on: calls of that person are up, much is to be looked through, or a node has still to delete files. Nodes finish it by themselves; GET /v1/erasures/{id} says when.',
    );
  console.log('What stays, and why (docs/guide/privacy.md):');
  for (const { what, why, count } of kept)
    console.log(`  ${what}${count === undefined ? '' : ` (${count})`}: ${why}`);
}
