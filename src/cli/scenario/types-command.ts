import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { declarations } from '../../scenario/types/declarations.ts';

const USAGE = `maskline scenario types [--out FILE]

  --out  default: standard output; voxengine.d.ts beside the scenarios is what editors find

The first lines of the file say what a tsconfig.json beside it may look like. Scenarios may be written in TypeScript: a
file that ends in .ts has its types taken off before it runs.
`;

/** `maskline scenario types`. Resolves with the exit status. */
export async function typesCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { out: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) console.log(USAGE);
  else if (values.out === undefined) console.log(declarations());
  else writeFileSync(values.out, declarations());
  return 0;
}
