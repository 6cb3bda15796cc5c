#!/usr/bin/env node
import { MasklineError } from '../kernel/errors.ts';

const USAGE = `maskline COMMAND

  serve [--settings FILE | --example NAME] [--data FOLDER]   start a node
  demo [--json] [--no-keep]                                  make a masked call between two built-in phones and check it
  keys create|list|revoke …                                  API keys
  settings [--json-schema]                                   the reference page of all settings
`;

/** Each command is loaded when it is asked for, so that a start does not wait for the others. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  serve: async (args) => (await import('./serve.ts')).serveCommand(args),
  demo: async (args) => (await import('./demo/command.ts')).demoCommand(args),
  keys: async (args) => (await import('./keys-command.ts')).keysCommand(args),
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

/** A person reads this: the sentence and what to do, and the stack only when it is a fault of ours. */
function explain(error: unknown): string {
  if (error instanceof MasklineError) return `${error.message}\n${error.meaning.hint}`;
  const { code, hint, message, stack } = error as {
    code?: string;
    hint?: string;
    message?: string;
    stack?: string;
  };
  if (typeof hint === 'string') return `${message}\n${hint}`;
  if (code === 'EADDRINUSE')
    return `${message}\nAnother program uses that port: stop it, or choose another in the settings.`;
  if (code?.startsWith('ERR_PARSE_ARGS') === true) return `${message}\n\n${USAGE}`;
  return stack ?? String(error);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
