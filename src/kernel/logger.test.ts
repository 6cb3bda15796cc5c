import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { PhoneNumber } from './phone-number.ts';

function capture(level = 'debug') {
  const lines: string[] = [];
  return { lines, log: createLogger(level, { write: (line: string) => void lines.push(line) }) };
}

test('[row 43] numbers and secrets do not reach a log line, in any field, message or error', () => {
  const { lines, log } = capture();
  const number = PhoneNumber.parse('+447700900101');
  log.info(
    { number, text: 'from +447700900101', nested: { list: ['447700900101'] } },
    'call of +447700900101',
  );
  log.error({ err: new Error('no route to +447700900101', { cause: new Error('+447700900101') }) }, 'failed');
  log.info({ password: 'hunter2', user: { secret: 'hunter2', apiKey: 'hunter2' } }, 'secrets');
  log.child({ caller: '+447700900101' }).warn({}, 'child');
  const all = lines.join('');
  expect(lines).toHaveLength(4);
  expect(all).not.toContain('7700900');
  expect(all).not.toContain('hunter2');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', number: '+4•••••••••01' });
});

test('the level is kept', () => {
  const { lines, log } = capture('warn');
  log.info({}, 'not written');
  log.warn({}, 'written');
  expect(lines).toHaveLength(1);
});
