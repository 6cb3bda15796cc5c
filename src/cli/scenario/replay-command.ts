import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import type { ScenarioSource } from '../../call/types.ts';
import type { EventLog, LoggedTurn } from '../../scenario/event-log.ts';
import { type ChangedScript, changedScripts, type Parting, replay } from '../../scenario/event-log-replay.ts';
import { readScript } from '../../scenario/script-file.ts';
import { askNode, askNodeFor } from '../ask-node.ts';
import { UsageError } from '../usage-error.ts';

const USAGE = `maskline scenario replay CALL [--script FILE …] [--force] [--show] [--save FILE] [--json] [--url http://127.0.0.1:8080] [--key mk_…]

  CALL      id of a call record (GET /v1/calls lists them), or a file that --save wrote
  --script  the scripts of the rule, in their order; default: what the node has now under these names
  --force   also when a script has changed, to see where the two runs part
  --show    print every event and what it led to
  --save    write the event log into a file, for a replay without the node; it may hold numbers
  --key     a key with the scope traces:read, numbers:read for numbers in clear, and scenarios:read unless --script is
            given; may stand in MASKLINE_API_KEY

The exit status is 0 when both runs are the same, 1 when they part or a script has changed.
`;

const OPTIONS = {
  script: { type: 'string', multiple: true, default: [] as string[] },
  force: { type: 'boolean', default: false },
  show: { type: 'boolean', default: false },
  save: { type: 'string' },
  json: { type: 'boolean', default: false },
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const Saved = Type.Object({
  numbers: Type.Boolean(),
  log: Type.Object({
    sessionId: Type.String(),
    at: Type.Number(),
    scripts: Type.Array(Type.Object({ name: Type.String(), sha256: Type.String() })),
    started: Type.Object({ type: Type.Literal('started'), applicationId: Type.String() }),
    turns: Type.Array(
      Type.Object({ event: Type.Object({ type: Type.String() }), commands: Type.Array(Type.String()) }),
    ),
    omitted: Type.Integer(),
  }),
});

interface Node {
  readonly url: string;
  readonly secret: string;
}

/** `maskline scenario replay CALL`. Resolves with the exit status. */
export async function replayCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [call, ...more] = positionals;
  if (values.help || call === undefined || more.length > 0) {
    (values.help ? console.log : console.error)(USAGE);
    return values.help ? 0 : 2;
  }
  const node = { url: values.url, secret: values.key ?? process.env.MASKLINE_API_KEY ?? '' };
  const saved = await logOf(call, node);
  if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(saved), { mode: 0o600 });
  // Written by a node: its form was checked as far as it is used before the sandbox reads it.
  const log = saved.log as unknown as EventLog;
  const scripts = values.script.length > 0 ? values.script.map(readScript) : await scriptsOf(log, node);
  const changed = changedScripts(log, scripts);
  const say = (text: string): void => {
    if (!values.json) console.log(text);
  };
  for (const one of changed) say(changeOf(one));
  if (changed.length > 0 && !values.force) {
    say('A replay says nothing about another script. --force runs it, and shows where they part.');
    if (values.json) console.log(JSON.stringify({ ok: false, changed }));
    return 1;
  }
  const onTurn = (turn: LoggedTurn): void => (values.show ? say(drawTurn(turn, log)) : undefined);
  const result = await replay(log, scripts, { masked: !saved.numbers, onTurn });
  if (values.json)
    console.log(
      JSON.stringify({ ok: result.parting === undefined, changed, ...result, omitted: log.omitted }),
    );
  else console.log(verdict(result.parting, log, saved.numbers, result));
  return result.parting === undefined ? 0 : 1;
}

async function logOf(call: string, node: Node): Promise<Static<typeof Saved>> {
  if (!existsSync(call)) {
    if (node.secret === '')
      throw new UsageError('A node is asked with a key.', 'Give --key, or set MASKLINE_API_KEY.');
    return await askNodeFor(Saved, node, 'GET', `/v1/calls/${encodeURIComponent(call)}/replay`);
  }
  const saved: unknown = JSON.parse(readFileSync(call, 'utf8'));
  if (Value.Check(Saved, saved)) return saved;
  throw new UsageError(`${call} is no event log.`, 'It is what --save writes.');
}

/** What the node has now, under the names of the scripts that ran. A script that it has no more is missing here. */
async function scriptsOf(log: EventLog, node: Node): Promise<readonly ScenarioSource[]> {
  const scripts: ScenarioSource[] = [];
  const application = encodeURIComponent(log.started.applicationId);
  for (const { name } of log.scripts) {
    const path = `/v1/scenarios/${encodeURIComponent(name)}?application=${application}`;
    const { source } = JSON.parse(await askNode(node, 'GET', path)) as { readonly source: string };
    scripts.push({ name, source });
  }
  return scripts;
}

function changeOf({ name, recorded, now }: ChangedScript): string {
  const short = (hash: string): string => hash.slice(0, 12);
  if (now === undefined) return `${name}: ran with sha256 ${short(recorded)}…, and is not given now.`;
  return `${name} has changed since: what ran has sha256 ${short(recorded)}…, this one ${short(now)}….`;
}

function verdict(
  parting: Parting | undefined,
  log: EventLog,
  numbers: boolean,
  { turns, commands }: { readonly turns: number; readonly commands: number },
): string {
  if (parting === undefined) {
    const rest = log.omitted === 0 ? '' : ` ${log.omitted} more events were not kept.`;
    return `The same: ${turns} events, ${commands} commands.${rest}`;
  }
  const { event, ms, same, recorded, now } = parting;
  const before =
    same.length === 0
      ? ''
      : `\n  (and the same ${same.length} ${same.length === 1 ? 'command' : 'commands'})`;
  return [
    `The same for ${turns} events and ${commands} commands. Then, ${(ms / 1000).toFixed(1)} s into the session, after`,
    `  ${drawEvent(event)}${before}`,
    `the session did`,
    `  ${recorded ?? 'nothing more'}`,
    `and the script does`,
    `  ${now ?? 'nothing more'}`,
    ...(numbers
      ? []
      : [
          'Numbers and pressed keys are hidden from this key (numbers:read): a script that looks at one parts there.',
        ]),
  ].join('\n');
}

function drawTurn({ event, commands }: LoggedTurn, { started }: EventLog): string {
  const ms = String(event.at - started.at).padStart(10);
  return [`${ms}  ${drawEvent(event)}`, ...commands.map((command) => `${' '.repeat(12)}→ ${command}`)].join(
    '\n',
  );
}

function drawEvent({ type, at: _, ...rest }: EventLog['turns'][number]['event']): string {
  return `${type} ${JSON.stringify(rest)}`;
}
