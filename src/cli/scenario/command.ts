/** `maskline scenario …`: a call flow written and tested on a laptop, without a phone and without a network. */

const USAGE = `maskline scenario COMMAND

  test [FILE|FOLDER …]    run *.test.ts beside scenarios: scripted people, mocked HTTP, virtual time
  lint FILE …             find misspelled members, missing handlers, calls that are never ended
  run FILE …              be the phones of a scenario, on the terminal or from a script on stdin
  replay CALL             run a session of a node again from its recorded events, and compare
  types [--out FILE]      the API's type declarations, for editors

Each has --help.
`;

/** Each is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  lint: async (args) => (await import('./lint-command.ts')).lintCommand(args),
  replay: async (args) => (await import('./replay-command.ts')).replayCommand(args),
  run: async (args) => (await import('./run-command.ts')).runCommand(args),
  test: async (args) => (await import('./test-command.ts')).testCommand(args),
  types: async (args) => (await import('./types-command.ts')).typesCommand(args),
};

/** Resolves with the exit status. */
export async function scenarioCommand(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return await command(rest);
  const asked = name === '' || name === '--help';
  console.error(asked ? USAGE : `There is no command "scenario ${name}".\n\n${USAGE}`);
  return 2;
}
