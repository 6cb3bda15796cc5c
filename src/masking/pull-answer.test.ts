import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { readPullAnswer } from './pull-answer.ts';

const SILENT = {
  greeting: undefined,
  announcement: undefined,
  record: false,
  transcribe: false,
  language: undefined,
  ringSeconds: undefined,
  maxCallSeconds: undefined,
};
const read = (answer: unknown, status = 200) => readPullAnswer(status, JSON.stringify(answer));

describe('the answer of a backend', () => {
  it('connects with a number or a person known by token', () => {
    const to = PhoneNumber.parse('+79035551234');
    expect(read({ action: 'connect', to: '+7 903 555-12-34' })).toEqual({
      ...{ kind: 'connect', to, show: undefined, sound: SILENT },
    });
    expect(read({ action: 'connect', to: 'per_1' })).toMatchObject({ to: { token: 'per_1' } });
  });

  it('says how the call sounds', () => {
    const announcement = { kind: 'say', text: 'Order 4711', language: undefined };
    const sound = { record: true, transcribe: true, language: 'ru-RU', ringSeconds: 30, maxCallSeconds: 600 };
    expect(
      read({
        action: 'connect',
        to: 'per_1',
        show: '+74957770001',
        announcement,
        greeting: announcement,
        ...sound,
      }),
    ).toMatchObject({ show: PhoneNumber.parse('+74957770001'), sound: { ...sound, announcement } });
  });

  it('does the other things', () => {
    const announcement = { kind: 'play', url: 'https://sounds.example/closed.wav' };
    expect(read({ action: 'session', session: 'ms_1' })).toEqual({ kind: 'session', sessionId: 'ms_1' });
    expect(read({ action: 'ask-extension' })).toEqual({ kind: 'ask-extension' });
    expect(read({ action: 'play', announcement })).toEqual({ kind: 'play', announcement });
    expect(read({ action: 'operator' })).toEqual({ kind: 'operator', user: undefined });
    expect(read({ action: 'operator', user: 'desk' })).toEqual({ kind: 'operator', user: 'desk' });
    expect(read({ action: 'reject' })).toEqual({ kind: 'reject' });
    expect(read({ action: 'unknown' })).toEqual({ kind: 'unknown' });
    expect(readPullAnswer(404, 'no such caller')).toEqual({ kind: 'unknown' });
  });

  it.each([
    [200, '', 'its answer is not JSON'],
    [200, '<html>', 'its answer is not JSON'],
    [200, '[]', 'The document must be an object'],
    [200, '{}', '/action must be one of'],
    [200, '{"action":"dial"}', '/action must be one of'],
    [200, '{"action":"connect"}', '/to must be there'],
    [200, '{"action":"connect","to":"89035551234"}', '/to must be a number such as'],
    [200, '{"action":"connect","to":"+7903"}', '/to must be a number such as'],
    [200, '{"action":"connect","to":79035551234}', '/to must be a text'],
    [200, '{"action":"connect","to":"per_1","show":"desk"}', '/show must be a number such as'],
    [200, '{"action":"connect","to":"per_1","reccord":true}', 'without members other than'],
    [200, '{"action":"connect","to":"per_1","record":"yes"}', '/record must be true or false'],
    [200, '{"action":"reject","to":"per_1"}', '/to must be absent in the answer "reject"'],
    [200, '{"action":"play"}', '/announcement must be there'],
    [200, '{"action":"connect","to":"per_1","ringSeconds":4}', '/ringSeconds must be a whole number'],
    [204, '', 'it answered 204'],
    [302, '', 'it answered 302'],
    [403, '', 'it answered 403'],
  ])('%i %s fails: %s', (status, text, why) => {
    const failed = readPullAnswer(status, text);
    expect(failed.kind).toBe('failed');
    expect(JSON.stringify(failed)).toContain(JSON.stringify(why).slice(1, -1));
    expect(JSON.stringify(failed)).not.toContain('9035551234');
  });

  it('may be anything, and is never obeyed half', () => {
    const member = fc.oneof(
      ...[fc.jsonValue(), fc.constantFrom<unknown>('connect', 'per_1', '+79035551234', true, 20)],
    );
    const answer = fc.dictionary(
      fc.constantFrom('action', 'to', 'show', 'record', 'user', 'announcement', 'x'),
      member,
    );
    fc.assert(
      fc.property(fc.oneof(answer, fc.jsonValue()), fc.constantFrom(200, 404, 500), (document, status) => {
        const { kind } = readPullAnswer(status, JSON.stringify(document));
        if (kind === 'connect') expect(document).toMatchObject({ action: 'connect', to: expect.any(String) });
        expect(kind === 'failed' || status !== 500).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
