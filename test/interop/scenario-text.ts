import { readFileSync } from 'node:fs';

const SCENARIOS = new URL('./scenarios/', import.meta.url);

/** `<part name="caller-invites" cseq="2"/>`, or with lines in it, which take the place of `{{more}}`. */
const PART = /<part\s+((?:\w+="[^"]*"\s*)+)(?:\/>|>([\s\S]*?)<\/part>)/g;
const ATTRIBUTE = /(\w+)="([^"]*)"/g;
/** `{{name}}`, or `{{name|what it is when nobody says}}`. */
const VALUE = /\{\{(\w+)(?:\|([^}]*))?\}\}/g;
/** Left empty, it takes its line with it: an empty line would end the header. */
const EMPTY_MORE = /^[ \t]*\{\{more\}\}[ \t]*\n/gm;

export type ScenarioSettings = Readonly<Record<string, string | number>>;

/**
 * The text of a scenario as SIPp reads it: parts of `scenarios/parts` put in their places, values filled in.
 *
 * @throws Error when a value is neither given nor has a default.
 */
export function scenarioText(name: string, settings: ScenarioSettings): string {
  const source = readFileSync(new URL(`${name}.xml`, SCENARIOS), 'utf8');
  return withParts(source).replace(VALUE, (_, value: string, otherwise: string | undefined) => {
    const given = settings[value] ?? otherwise;
    if (given === undefined) throw new Error(`scenario ${name} needs the setting ${value}`);
    return String(given);
  });
}

function withParts(text: string): string {
  return text.replace(PART, (_, attributes: string, more: string | undefined) => {
    const given = new Map([...attributes.matchAll(ATTRIBUTE)].map(([, key, value]) => [key!, value!]));
    const part = readFileSync(new URL(`parts/${given.get('name')}.xml`, SCENARIOS), 'utf8');
    const lines = more?.trim() ?? '';
    const filled = lines === '' ? part.replace(EMPTY_MORE, '') : part.replaceAll('{{more}}', () => lines);
    return withParts(filled.replace(VALUE, (whole, key: string) => given.get(key) ?? whole));
  });
}
