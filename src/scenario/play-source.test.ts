import { describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from './parse-command.ts';

const id = 'p-1';
const parse = (command: object): unknown => parseCommand(JSON.stringify(command));
const create = (source: unknown): object => ({
  type: 'player-create',
  playerId: id,
  source,
  loop: false,
  paused: false,
});
const url = { kind: 'url', url: 'http://s/a' };

describe('what a hostile script may ask to be played and recorded', () => {
  it.each([
    ['a source that is none', create({ kind: 'file', path: '/etc/passwd' })],
    ['no source', create(undefined)],
    ['a method that has side effects', create({ ...url, request: { method: 'DELETE', headers: [] } })],
    [
      'a header that forges another',
      create({ ...url, request: { method: 'GET', headers: [['A', 'b\r\nC: d']] } }),
    ],
    ['a body that is none', create({ ...url, request: { method: 'POST', headers: [], body: [256] } })],
    ['a text as long as a book', create({ kind: 'say', text: 'x'.repeat(8193), language: '', voice: '' })],
    [
      'a speed without bounds',
      create({ kind: 'say', text: '', language: '', voice: '', tuning: { speed: 1e9 } }),
    ],
    ['a long tone script', create({ kind: 'tone-script', script: '4'.repeat(1025) })],
    ['a sequence without an end', create({ kind: 'sequence', segments: Array(101).fill(url) })],
    ['a sequence of sequences', create({ kind: 'sequence', segments: [{ kind: 'sequence', segments: [] }] })],
    ['segments that are none', create({ kind: 'sequence', segments: [null, 1] })],
    ['a marker beyond all sounds', { type: 'player-mark', playerId: id, offset: 1e12 }],
    ['a marker in no segment', { type: 'player-mark', playerId: id, offset: 0, segment: -1 }],
    ['a wish that is none', { type: 'recorder-create', recorderId: id, wish: 'all' }],
    ['a name without an end', { type: 'recorder-create', recorderId: id, wish: { name: 'x'.repeat(257) } }],
    ['a recording for ever', { type: 'recorder-create', recorderId: id, wish: { keepMonths: 1e9 } }],
    [
      'a dictionary without an end',
      {
        type: 'call-record',
        callId: id,
        stereo: true,
        wish: { transcribe: { language: '', phrases: Array(501).fill('a') } },
      },
    ],
    [
      'a phrase that is none',
      { type: 'recorder-create', recorderId: id, wish: { transcribe: { language: '', phrases: [1] } } },
    ],
    ['a mute that is none', { type: 'recorder-mute', recorderId: id, on: 'yes' }],
  ])('%s is refused', (_name, command) => {
    expect(() => parse(command)).toThrow(BadCommand);
  });

  it('is read anew: what is not known stays behind', () => {
    expect(
      parse(
        create({ ...url, path: '/etc/passwd', request: { method: 'POST', headers: [['A', 'b']], x: 1 } }),
      ),
    ).toEqual(create({ ...url, request: { method: 'POST', headers: [['A', 'b']], body: undefined } }));
    const wish = { name: 'a', keepMonths: 3, transcribe: { language: 'ru-RU', phrases: ['да'] } };
    expect(parse({ type: 'recorder-create', recorderId: id, wish: { ...wish, path: '/x' } })).toEqual({
      type: 'recorder-create',
      recorderId: id,
      wish,
    });
    expect(parse({ type: 'call-record', callId: id, stereo: true })).toMatchObject({ wish: {} });
  });
});
