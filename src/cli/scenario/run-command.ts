import { readFileSync } from 'node:fs';
import { createInterface, emitKeypressEvents } from 'node:readline';
import { parseArgs } from 'node:util';
import { readScript } from '../../scenario/script-file.ts';
import type { Answer } from '../../scenario-test/http-double.ts';
import { UsageError } from '../usage-error.ts';
import { COMMANDS, Console } from './console.ts';
import { lineOfKey, TERMINAL_KEYS } from './keys.ts';

const USAGE = `maskline scenario run FILE … [--data TEXT] [--number +44… …] [--from +44…] [--http FILE]

  FILE      the scripts of a rule, in their order
  --data    what VoxEngine.customData() gives
  --number  a service number of the application; the first one is what callers dial
  --from    who calls. Default: +447700900101
  --http    answers for requests, as JSON: { "POST https://…": { "status": 200, "json": { … } } }; others are answered by hand

On a terminal, single keys do it (? shows them). Otherwise commands come from stdin, one a line:

${COMMANDS}

The exit status is 1 when the script failed, a command was none, or a call was left open.
`;

const OPTIONS = {
  data: { type: 'string', default: '' },
  number: { type: 'string', multiple: true, default: [] as string[] },
  from: { type: 'string', default: '+447700900101' },
  http: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** What a node has when nobody says otherwise: the number of the taxi example. */
const NUMBER = '+442079460123';

/** `maskline scenario run`. Resolves with the exit status. */
export async function runCommand(args: string[], input: NodeJS.ReadStream = process.stdin): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help || positionals.length === 0) {
    (values.help ? console.log : console.error)(USAGE);
    return values.help ? 0 : 2;
  }
  const terminal = new Console({
    scripts: positionals.map(readScript),
    customData: values.data,
    numbers: values.number.length > 0 ? values.number : [NUMBER],
    from: values.from,
    print: (text) => console.log(text),
  });
  if (values.http !== undefined) addAnswers(terminal, values.http);
  if (input.isTTY) await byKeys(terminal, input);
  else await byLines(terminal, input);
  await terminal.finish();
  return terminal.failed ? 1 : 0;
}

function addAnswers({ flow }: Console, file: string): void {
  const answers = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Answer>>;
  for (const [what, answer] of Object.entries(answers)) {
    const [, method, url] = /^([A-Z]+) (\S+)$/.exec(what) ?? [];
    if (method === undefined || url === undefined)
      throw new UsageError(`${file}: "${what}" is no request.`, 'Write it as "POST https://…".');
    flow.http.on(method, url, answer);
  }
}

async function byLines(terminal: Console, input: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input })) {
    if (line.trim() !== '' && !line.startsWith('#')) console.log(`> ${line.trim()}`);
    if (!(await terminal.execute(line))) return;
  }
}

/** Single keys; a line for what needs words begins with a colon. */
async function byKeys(terminal: Console, input: NodeJS.ReadStream): Promise<void> {
  console.log(TERMINAL_KEYS);
  emitKeypressEvents(input);
  const { promise: over, resolve: quit } = Promise.withResolvers<void>();
  let work = Promise.resolve();
  const execute = (line: string): void => {
    console.log(`> ${line}`);
    work = work.then(() => terminal.execute(line)).then((goesOn) => (goesOn ? undefined : quit()));
  };
  const onKey = (
    typed: string | undefined,
    key: { readonly name?: string; readonly ctrl?: boolean },
  ): void => {
    if (key.ctrl === true && (key.name === 'c' || key.name === 'd')) quit();
    else if (typed === ':') ask();
    else if (typed === '?') console.log(TERMINAL_KEYS);
    else {
      const line = lineOfKey(typed ?? '');
      if (line !== undefined) execute(line);
    }
  };
  const listen = (on: boolean): void => {
    input.setRawMode(on);
    if (on) input.on('keypress', onKey).resume();
    else input.off('keypress', onKey);
  };
  const ask = (): void => {
    listen(false);
    const lines = createInterface({ input, output: process.stdout });
    lines.question(': ', (line) => {
      lines.close();
      listen(true);
      execute(line);
    });
  };
  listen(true);
  await over;
  await work;
  listen(false);
  input.pause();
}
