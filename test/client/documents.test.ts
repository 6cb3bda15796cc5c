// What the client's README and the guide of masking show runs, types and prints as they say, on a real node.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifySigned } from '../../clients/typescript/src/index.ts';
import { parseSettings } from '../../src/config/load.ts';
import { newSecret } from '../../src/events/sign.ts';
import type { Scope } from '../../src/http/ports.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Backend } from '../../src/masking/backend.ts';
import { Intercept } from '../../src/masking/intercept.ts';
import { DEFAULT_POLICY, readPolicy } from '../../src/masking/policy.ts';
import { readPullAnswer } from '../../src/masking/pull-answer.ts';
import { pullBody } from '../../src/masking/pull-question.ts';
import { blocksOf, printsAsPromised, promisedOutput, Reader } from '../kit/doc-examples.ts';
import { ExampleServer } from '../kit/example-server.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const GUIDE = read('docs/guide/masking.md');

/** A compiler and a node on a busy machine. */
const TIMEOUT_MS = 90_000;

let reader: Reader;
let server: ExampleServer;
beforeAll(async () => {
  reader = await Reader.start();
  const [application] = parseSettings(blocksOf(GUIDE, 'yaml')[0]!, {}).applications;
  server = await ExampleServer.start('taxi', {
    adjust: (settings) => ({ ...settings, applications: [application!] }),
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  await reader.close();
});

const SCOPES = ['sessions:read', 'sessions:write', 'policy:read', 'policy:write'] as const;

/** Its TypeScript as one program: checked, run, and what it printed beside what it promises. */
async function play(
  name: string,
  markdown: string,
  ...more: Scope[]
): Promise<{ printed: string[]; promised: string[] }> {
  const program = blocksOf(markdown, 'ts').join('\n');
  await reader.check(name, program);
  const key = await server.key(...SCOPES, ...more);
  const printed = await reader.run(name, { MASKLINE_URL: server.maskline.httpUrl, MASKLINE_KEY: key });
  return { printed, promised: promisedOutput(program) };
}

/** @param promises so many lines at least are promised, lest this test come to read nothing. */
function expectKept({ printed, promised }: Awaited<ReturnType<typeof play>>, promises: number): void {
  expect(promised.length).toBeGreaterThanOrEqual(promises);
  if (!printsAsPromised(printed, promised)) expect(printed).toEqual(promised);
}

test('what the guide of masking shows does what it says', { timeout: TIMEOUT_MS }, async () => {
  expectKept(await play('masking', GUIDE), 7);
});

test('what the README of the client shows does what it says', { timeout: TIMEOUT_MS }, async () => {
  const readme = read('clients/typescript/README.md');
  expectKept(await play('client', readme, 'events:read', 'webhooks:write'), 8);
});

describe('docs/guide/masking.md', () => {
  test('the key that it makes is enough', () => {
    const [, scopes = ''] = /maskline keys create [^`]*--scopes ([\w:,]+)`/.exec(GUIDE)!;
    expect(scopes.split(',')).toEqual([...SCOPES]);
  });

  test('its policies are policies, and what it says of defaults is so', () => {
    const [policy = ''] = blocksOf(GUIDE, 'json policy');
    expect(readPolicy(JSON.parse(policy))).toMatchObject(JSON.parse(policy));
    const [defaults = ''] = blocksOf(GUIDE, 'json default-policy');
    expect(JSON.parse(defaults)).toEqual(JSON.parse(JSON.stringify(DEFAULT_POLICY)));
    const { pull } = readPolicy({ pull: { url: 'https://backend.example.com/masking' } });
    expect(GUIDE).toContain(`for \`freshSeconds\` (${pull?.freshSeconds})`);
    expect(GUIDE).toContain(`for \`staleSeconds\` (${pull?.staleSeconds})`);
    expect(pull?.downSeconds).toBe(3600);
    expect(pull?.timeoutMs).toBe(2000);
  });

  test('a backend is asked what it shows', () => {
    const [text = ''] = blocksOf(GUIDE, 'json question');
    const { pull } = readPolicy({ pull: { url: 'https://backend.example.com/masking', numbers: true } });
    const question = {
      ...{ applicationId: '5f2f4f0e-…', callId: '…', extension: undefined },
      caller: PhoneNumber.parse('+447700900101'),
      dialled: PhoneNumber.parse('+442079460123'),
    };
    expect(JSON.parse(text)).toEqual(pullBody(question, 'per_…', pull!, []));
  });

  test('a hook is asked what it shows, and its answers mean what it says', async () => {
    const [text = ''] = blocksOf(GUIDE, 'json intercept');
    const { intercept: rules } = readPolicy({
      intercept: { url: 'https://backend.example.com/veto', whenSilent: 'refuse' },
    });
    const [caller, callee] = ['+447700900101', '+447700900202'].map((number) => PhoneNumber.parse(number));
    const question = {
      ...{ applicationId: '5f2f4f0e-…', callId: '…', extension: undefined, chosen: undefined },
      ...{ caller: caller!, dialled: PhoneNumber.parse('+442079460123') },
    };
    const secret = newSecret(systemRandom);
    const verdict = async (status: number): Promise<{ kind: string; asked: unknown }> => {
      let asked: unknown;
      const backend = new Backend({
        http: {
          post: async ({ headers, body }) => {
            asked = (await verifySigned({ body, headers: Object.fromEntries(headers) }, { secret })).body;
            return { status, body: new Uint8Array() };
          },
        },
        secrets: { current: async () => [secret], rotate: async () => secret },
        ...{ clock: systemClock, random: systemRandom },
      });
      const intercept = new Intercept(backend, { token: async () => 'per_…' });
      const { kind } = await intercept.ask(
        question,
        {
          ...{ kind: 'connect', sessionId: 'ms_…', callerPartyId: 'pt_…', greeting: undefined },
          callees: [{ number: callee!, show: question.dialled, partyId: 'pt_…', announcement: undefined }],
          ...{
            ringSeconds: undefined,
            maxCallSeconds: undefined,
            record: false,
            transcribe: false,
            language: 'en',
          },
        },
        rules!,
      );
      return { kind, asked };
    };
    expect(await verdict(204)).toEqual({ kind: 'allow', asked: JSON.parse(text) });
    expect(await verdict(403)).toMatchObject({ kind: 'veto' });
    expect(await verdict(500)).toMatchObject({ kind: 'silent' });
  });

  test('each answer of a backend that it shows is read as one', () => {
    const [text = ''] = blocksOf(GUIDE, 'json answers');
    const answers = JSON.parse(text) as { action: string }[];
    expect(answers.map((answer) => readPullAnswer(200, JSON.stringify(answer)).kind)).toEqual(
      answers.map(({ action }) => action),
    );
  });

  test('its pictures are there, each with a title and a description, and need no other file', () => {
    const pictures = [...GUIDE.matchAll(/!\[[^\]]{40,}\]\((images\/[\w-]+\.svg)\)/g)].map(([, path]) => path);
    expect(pictures).toHaveLength(6);
    for (const path of pictures) {
      const svg = read(`docs/guide/${path}`);
      expect(svg).toMatch(/<title id="t">.+<\/title>\s*<desc id="d">.+<\/desc>/);
      expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|<script|<image/);
    }
  });
});

const PAGES = [
  'docs/guide/masking.md',
  'clients/typescript/README.md',
  ...['taxi', 'delivery', 'classifieds'].flatMap((name) =>
    ['README.md', 'push/README.md', 'pull/README.md'].map((file) => `examples/${name}/${file}`),
  ),
];

test.each(PAGES)('%s: its links lead to files', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
  expect(
    links.filter((path) => !existsSync(new URL(path, new URL(`../../${page}`, import.meta.url)))),
  ).toEqual([]);
});

test('promised output is what stands behind console.log, and … is any lines', () => {
  const program = "console.log(1); // 1\nconst a = 2; // nor this\n  console.log('x');\n// x\n// …\n";
  expect(promisedOutput(program)).toEqual(['1', 'x', '…']);
  expect(printsAsPromised(['1', 'x'], ['1', 'x', '…'])).toBe(true);
  expect(printsAsPromised(['1', 'x', 'y', 'z'], ['1', 'x', '…', 'z'])).toBe(true);
  expect(printsAsPromised(['1', 'y'], ['1', 'x', '…'])).toBe(false);
  expect(printsAsPromised(['1', 'x', 'y'], ['1', 'x'])).toBe(false);
});
