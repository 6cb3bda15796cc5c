import { expect, test } from 'vitest';
import { Console } from './console.ts';
import { lineOfKey } from './keys.ts';

const MENU = `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => { call.say('You pressed ' + tone); });
  call.addEventListener(CallEvents.Connected, () => { call.handleTones(true); call.say('Press a key.'); });
  const { code, text } = await Net.httpRequestAsync('https://b.test/hours');
  Logger.write(code + ' ' + text);
  call.answer();
});`;

function open(source: string): { terminal: Console; printed: string[] } {
  const printed: string[] = [];
  const terminal = new Console({
    scripts: [{ name: 's.js', source }],
    customData: '',
    numbers: ['+442079460123'],
    from: '+447700900101',
    print: (text) => printed.push(...text.split('\n')),
  });
  return { terminal, printed };
}

const trimmed = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/\s+/g, ' ').trim());

test('a call by hand: the backend is played, keys are pressed, time passes, everything is shown', async () => {
  const { terminal, printed } = open(MENU);
  for (const line of ['# a comment', '', 'call', 'http 200 open', 'press 7', 'wait 2', 'phones', 'hangup'])
    expect(await terminal.execute(line)).toBe(true);
  await terminal.finish();
  expect(terminal.failed).toBe(false);
  expect(trimmed(printed)).toEqual([
    '0 1 +447700900101 ──▶ calls +442079460123',
    '0 HTTP ◀── asks GET https://b.test/hours; answer with: http STATUS BODY',
    '0 HTTP ◀── GET https://b.test/hours: 200',
    '0 log · 200 open',
    '0 1 +447700900101 ◀── is answered',
    '0 1 +447700900101 · hears says: Press a key.',
    '0 1 +447700900101 ──▶ presses 7',
    '0 1 +447700900101 · hears says: You pressed 7',
    '910 1 +447700900101 · hears silence',
    '1 +447700900101 called +442079460123: connected, hears silence',
    '2100 1 +447700900101 ──▶ hangs up',
    '2100 scenario · ended: the scenario terminated',
  ]);
  expect(await terminal.execute('quit')).toBe(false);
});

test('commands that are none, phones that are not there, a call that is left open', async () => {
  const { terminal, printed } = open(
    'VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => call.answer());',
  );
  for (const line of ['fly', 'answer', 'http 200', 'call', 'ring 9', 'wait long', 'press 1 x'])
    await terminal.execute(line);
  expect(terminal.failed).toBe(true);
  await terminal.finish();
  expect(printed.filter((line) => line.startsWith('!'))).toEqual([
    '! There is no command "fly"; help shows them.',
    '! No call is open.',
    '! Nothing is asked.',
    '! There is no phone 9.',
    '! wait takes seconds, up to a day.',
    '! Keys are 0-9, *, # and A-D.',
    '! The scenario left open: the call of 1 +447700900101 to +442079460123 (connected).',
  ]);
});

test('a request that nobody answers ends by its own time-out; a script that fails is told once', async () => {
  const { terminal, printed } = open(MENU.replace('call.answer();', 'call.answer(); nobody.there();'));
  await terminal.execute('call');
  expect(terminal.waiting).toBe(1);
  await terminal.execute('wait 59');
  await terminal.execute('http 200');
  expect(terminal.failed).toBe(true);
  expect(printed.filter((line) => line.startsWith('! The scenario failed'))).toHaveLength(1);
  await terminal.finish();
});

test('every key of the terminal is a command', async () => {
  expect(['c', '7', '#', ' ', 'z'].map(lineOfKey)).toEqual([
    'call',
    'press 7',
    'press #',
    'wait 1',
    undefined,
  ]);
});
