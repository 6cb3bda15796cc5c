#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { explain } from './explain.ts';

// Without it a third of a start goes to compiling the same sources again. Where the folder cannot be written, it does.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)));

const USAGE = `maskline COMMAND

  serve [--settings FILE | --example NAME] [--data FOLDER]   start a node
  demo [--story] [--json] [--no-keep]                        make a masked call between two built-in phones and check it;
                                                             --story: the whole service of the taxi example
  keys create|list|revoke …                                  API keys
  keys rotate-data [--check]                                 the key under which numbers and secrets are sealed
  erase [--application NAME] < NUMBER                        erase a person by number, with a receipt
  trace CALL [--json] [--url URL] [--key KEY]                the SIP messages of a call, as a ladder
  drain [--wait SECONDS] [--undo] [--url URL] [--key KEY]    take a running node out of service, and back
  doctor [--settings FILE | --example NAME] [--json]         look at everything around a node: ports, trunks, clock, disk …
  scenario test|lint|run|replay|types …                      a call flow, written and tested without a phone
  numbers plan --trace FILE | --per-hour … [--cool-off MIN]  how many service numbers a set of orders needs
  settings [--json-schema]                                   the reference page of all settings
`;

/** Each command is loaded when it is asked for, so that a start does not wait for the others. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  serve: async (args) => (await import('./serve.ts')).serveCommand(args),
  demo: async (args) => (await import('./demo/command.ts')).demoCommand(args),
  keys: async (args) => (await import('./keys-command.ts')).keysCommand(args),
  erase: async (args) => (await import('./erase.ts')).eraseCommand(args),
  trace: async (args) => (await import('./trace.ts')).traceCommand(args),
  drain: async (args) => (await import('./drain.ts')).drainCommand(args),
  doctor: async (args) => (await import('./doctor/command.ts')).doctorCommand(args),
  scenario: async (args) => (await import('./scenario/command.ts')).scenarioCommand(args),
  numbers: async (args) => (await import('./numbers-command.ts')).numbersCommand(args),
  settings: async (args) => (await import('./settings.ts')).settingsCommand(args),
};

async function main(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const command = COMMANDS[name];
  if (command === undefined) {
    console.error(name === '' ? USAGE : `There is no command "${name}".\n\n${USAGE}`);
    return 2;
  }
  return await command(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error, USAGE));
  process.exitCode = 1;
}
