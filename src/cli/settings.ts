import { parseArgs } from 'node:util';
import { settingsJsonSchema, settingsReference } from '../config/describe.ts';

/** `maskline settings [--json-schema]`. */
export async function settingsCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { 'json-schema': { type: 'boolean', default: false } } });
  process.stdout.write(values['json-schema'] ? settingsJsonSchema() : settingsReference());
  return 0;
}
