/** [voximplant.com/docs/guides/media-streams/format] The JSON of sound, read and written. */
import { describe, expect, test } from 'vitest';
import { sine } from '../../media/tones.ts';
import { decodeSound, FORMATS, readMedia, StreamWriter } from './websocket-format.ts';

const start = (mediaFormat: unknown, more: object = {}): string =>
  JSON.stringify({ event: 'start', sequenceNumber: 0, start: { mediaFormat, ...more } });

describe('what is read', () => {
  test.each([
    [
      { encoding: 'PCM8', sampleRate: 8000 },
      { coding: 'linear', rate: 8000 },
    ],
    [
      { encoding: 'PCM16', sampleRate: 8000 },
      { coding: 'linear', rate: 8000 },
    ],
    [
      { encoding: 'PCM16', sampleRate: '16000', channels: 1 },
      { coding: 'linear', rate: 16000 },
    ],
    [{ encoding: 'PCM16' }, { coding: 'linear', rate: 16000 }],
    [
      { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      { coding: 'ulaw', rate: 8000 },
    ],
    [{ encoding: 'ULAW' }, { coding: 'ulaw', rate: 8000 }],
    [{ encoding: 'audio/x-alaw' }, { coding: 'alaw', rate: 8000 }],
    [{ encoding: 'OPUS', sampleRate: 48000 }, undefined],
    [{ encoding: 'PCM16', sampleRate: 24000 }, undefined],
    [{ encoding: 'ULAW', sampleRate: 16000 }, undefined],
    [{ encoding: 'PCM8', channels: 2 }, undefined],
  ])('start with %j', (mediaFormat, format) => {
    const { encoding } = mediaFormat;
    expect(readMedia(start(mediaFormat))).toMatchObject({ event: 'start', encoding, format });
  });

  test('tags and parameters, as an object and as its JSON', () => {
    const format = { encoding: 'ULAW' };
    const expected = { tag: 'a', customParameters: { order: '7', n: '1' } };
    const parameters = { order: '7', n: 1 };
    expect(readMedia(start(format, { tag: 'a', customParameters: parameters }))).toMatchObject(expected);
    const text = JSON.stringify(parameters);
    expect(readMedia(start(format, { tag: 'a', customParameters: text }))).toMatchObject(expected);
    expect(readMedia('{"event":"stop","stop":{"tag":"a"}}')).toEqual({ event: 'stop', tag: 'a' });
    expect(readMedia('{"event":"stop"}')).toEqual({ event: 'stop', tag: undefined });
    expect(readMedia('{"event":"media","media":{"tag":"a","payload":"AAA="}}')).toEqual({
      event: 'media',
      tag: 'a',
      payload: 'AAA=',
    });
  });

  test.each([
    'hello',
    '{"event":',
    '"event"',
    '[1,"event"]',
    '{"event":"text","text":"x"}',
    '{"customEvent":"start"}',
    '{"event":"start"}',
    '{"event":"start","start":{"mediaFormat":{}}}',
    '{"event":"media","media":{"payload":7}}',
    '{"event":"media","media":[]}',
    `${'['.repeat(100_000)}"event"`,
  ])('%.40s is a message for the script', (text) => {
    expect(readMedia(text)).toBeUndefined();
  });

  test('payloads that are no whole sample, no base64, nothing', () => {
    expect(decodeSound(FORMATS.PCM8, 'AQACAAM=')).toEqual(Int16Array.of(1, 2));
    expect(decodeSound(FORMATS.PCM8, '')).toHaveLength(0);
    expect(decodeSound(FORMATS.ULAW, '****')).toHaveLength(0);
  });
});

test.each([
  ['PCM8', 'PCM16', 8000, 320],
  ['PCM16', 'PCM16', 16000, 640],
  ['ALAW', 'ALAW', 8000, 160],
  ['ULAW', 'ULAW', 8000, 160],
] as const)('%s is written as %s at %i, and read again', (encoding, name, sampleRate, bytes) => {
  const format = FORMATS[encoding];
  const writer = new StreamWriter(format, 'call');
  const mediaFormat = { encoding: name, sampleRate, channels: 1 };
  const began = JSON.parse(writer.start({ order: '7' })) as object;
  expect(began).toEqual({
    event: 'start',
    sequenceNumber: 0,
    start: { tag: 'call', mediaFormat, customParameters: { order: '7' } },
  });
  const samples = sine(440, 20 * (sampleRate / 8000));
  writer.media(samples);
  const second = writer.media(samples);
  const { media, ...rest } = JSON.parse(second) as { media: { payload: string } };
  expect(rest).toEqual({ event: 'media', sequenceNumber: 2 });
  expect(media).toMatchObject({ tag: 'call', chunk: 2, timestamp: samples.length });
  const read = readMedia(second);
  const heard = decodeSound(format, read?.event === 'media' ? read.payload : '');
  expect(Math.max(...heard.map((sample, i) => Math.abs(sample - (samples[i] as number))))).toBeLessThan(300);
  expect(JSON.parse(writer.stop())).toEqual({
    event: 'stop',
    sequenceNumber: 3,
    stop: { tag: 'call', mediaInfo: { bytesSent: 2 * bytes, duration: 40 } },
  });
});
