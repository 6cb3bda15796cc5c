import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { scenarioCommand } from './command.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'maskline-types-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the declarations fit the shipped scenarios, help with TypeScript, and find what is wrong', async () => {
  const out = join(folder, 'voxengine.d.ts');
  expect(await scenarioCommand(['types', '--out', out])).toBe(0);
  const text = readFileSync(out, 'utf8');
  // As its first lines have it.
  const settings = /\{ "compilerOptions[\s\S]*?\] \}\n/.exec(text.replaceAll('\n// ', '\n'))?.[0] ?? '';
  writeFileSync(join(folder, 'tsconfig.json'), settings);
  // The functions of masking.js take parameters without types, which "strict" wants; declarations.test.ts looks at it.
  const isPlain = (name: string): boolean => name.endsWith('.js') && name !== 'masking.js';
  for (const name of readdirSync(`${ROOT}scenarios`).filter(isPlain))
    copyFileSync(`${ROOT}scenarios/${name}`, join(folder, name));
  writeFileSync(
    join(folder, 'good.ts'),
    `const SERVICE: string = '+442079460123';
    VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call, callerid }) => {
      const { code, text } = await Net.httpRequestAsync('https://backend.test', { method: 'POST', postData: callerid });
      const other = VoxEngine.callPSTN(text ?? '', SERVICE);
      other.addEventListener(CallEvents.Failed, (e) => Logger.write(String(e.code + code)));
      call.say('Hello', { language: VoiceList.Google.en_US_Wavenet_A });
      const player = VoxEngine.createURLPlayer({ url: 'https://sounds.test/a.mp3' });
      player.addEventListener(PlayerEvents.PlaybackFinished, VoxEngine.terminate);
      player.sendMediaTo(call);
      call.hold();
      require(Modules.Masking);
      const decision = await Masking.resolve(call, { extension: '17' });
      if (decision.kind === 'connect') VoxEngine.easyProcess(call, Masking.call(decision, { callee: 0 }));
      else if (decision.kind === 'choose') Logger.write(decision.options[0]!.label);
    });`,
  );
  writeFileSync(
    join(folder, 'bad.ts'),
    `VoxEngine.addEventListener(AppEvents.Started, () => VoxEngine.callPTSN('1'));
    VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      call.addEventListener(CallEvents.ToneReceived, (e) => e.code);
      call.say(7);
    });`,
  );
  const { stdout } = spawnSync(`${ROOT}node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect(stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^bad\.ts\(1,63\): error TS2551: Property 'callPTSN' .* Did you mean 'callPSTN'\?/),
    expect.stringMatching(
      /^bad\.ts\(3,63\): error TS2339: Property 'code' does not exist on type '_ToneReceivedEvent'/,
    ),
    expect.stringMatching(/^bad\.ts\(4,16\): error TS2345/),
  ]);
  expect(text).toMatch(/@deprecated Not in Maskline: a REFER .*\n +transferTo\(/);
});
