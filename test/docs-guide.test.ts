import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSettings } from '../src/config/load.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The fenced blocks of a language, with the heading that each stands under. */
function blocksOf(markdown: string, language: string): { heading: string; text: string }[] {
  const blocks: { heading: string; text: string }[] = [];
  let heading = '';
  for (const [part, title, text] of markdown.matchAll(
    new RegExp(`^#+ (.+)$|^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'),
  )) {
    if (part.startsWith('#')) heading = title!;
    else blocks.push({ heading, text: text! });
  }
  return blocks;
}

/** Every variable that a text takes from the environment. */
const environmentOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, `value of ${name}`]));

describe('docs/guide/connect-a-trunk.md', () => {
  const blocks = blocksOf(read('docs/guide/connect-a-trunk.md'), 'yaml');

  test('has settings for each case', () => {
    expect(blocks.map(({ heading }) => heading)).toEqual([
      'A provider that you register with',
      'Several trunks, by prefix',
      'Order, shares and failover',
      'Limits',
      'Numbers and the caller, as the carrier wants them',
      'A trunk over TLS',
      'Secure sound, codecs, media addresses',
      'IPv4 and IPv6',
      'Reliable ringing',
      'Asterisk',
      'A plain softphone',
    ]);
  });

  test.each(blocks)('$heading: the settings are valid', ({ text }) => {
    const settings = parseSettings(text, environmentOf(text));
    expect(settings.trunks.length + settings.applications.length).toBeGreaterThan(0);
  });

  test('a password that is not in the environment is a start-up error that names it', () => {
    expect(() => parseSettings(blocks[0]!.text, {})).toThrow(/PROVIDER_PASSWORD/);
  });

  test('pjsip.conf and the settings agree on names and passwords', () => {
    const block = blocks.find(({ heading }) => heading === 'Asterisk')!;
    const asterisk = parseSettings(block.text, { ASTERISK_IN: 'a', ASTERISK_OUT: 'b' }).trunks[0]!;
    const [pjsip = ''] = blocksOf(read('docs/guide/connect-a-trunk.md'), 'ini').map(({ text }) => text);
    const section = (name: string): string =>
      pjsip.split(/^\[/m).find((part) => part.startsWith(`${name}]`)) ?? '';
    expect(section('maskline-in')).toContain(`username=${asterisk.outboundAuth?.username}\n`);
    expect(section('maskline-in')).toContain('the value of ASTERISK_OUT');
    expect(section('maskline-out')).toContain(`username=${asterisk.inboundAuth?.username}\n`);
    expect(section('maskline-out')).toContain('the value of ASTERISK_IN');
  });
});

describe('docs/guide/protect-against-fraud.md', () => {
  const blocks = blocksOf(read('docs/guide/protect-against-fraud.md'), 'yaml');

  test.each(blocks)('$heading: the settings are valid', ({ text }) => {
    expect(parseSettings(text, {}).applications[0]?.fence.countries).toEqual(['IE', 'FR']);
  });
});

describe('docs/guide/browsers.md', () => {
  const blocks = blocksOf(read('docs/guide/browsers.md'), 'yaml');

  test.each(blocks)('$heading: the settings are valid', ({ text }) => {
    expect(parseSettings(text, {}).sip.listen.map(({ transport }) => transport)).toContain('wss');
  });
});

describe('docs/guide/speech.md', () => {
  const blocks = blocksOf(read('docs/guide/speech.md'), 'yaml');

  test.each(blocks)('$heading: the settings are valid', ({ text }) => {
    const { speech } = parseSettings(text, environmentOf(text));
    expect(speech.synthesis.length + speech.recognition.length).toBeGreaterThan(1);
  });
});

describe('README.md', () => {
  test('shows the taxi scenario as it is in the example', () => {
    const shown = blocksOf(read('README.md'), 'js').map(({ text }) => text);
    expect(shown).toEqual([read('examples/taxi/scenario.js')]);
  });
});
