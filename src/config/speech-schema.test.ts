import { expect, test } from 'vitest';
import { parseSettings } from './load.ts';

test('speech without any settings: eSpeak NG speaks everything, PocketSphinx hears English', () => {
  const { synthesis, recognition } = parseSettings('', {}).speech;
  expect(synthesis).toMatchObject([{ provider: 'espeak-ng', languages: [], key: '', parallel: 2 }]);
  expect(recognition).toMatchObject([{ provider: 'pocketsphinx', languages: ['en'], timeoutSeconds: 10 }]);
});

test('a provider that lacks what it needs is a start-up error that says so; the key comes from the environment', () => {
  const yaml = `
speech:
  synthesis: [{ provider: openai, url: "ws://x" }, { provider: openai, url: "http://x/v1" }, { provider: piper }, { provider: sherpa-onnx }]
  recognition: [{ provider: vosk, url: "http://x" }, { provider: openai }, { provider: vosk, languages: ["ru;"] }]
`;
  const problems = (text: string): string => {
    try {
      parseSettings(text, { KEY: 'sk-secret' });
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(problems(yaml)).toContain('/speech/recognition/2/languages/0');
  const found = problems(yaml.replace(', languages: ["ru;"]', ', key: "${KEY}"'));
  for (const part of [
    '/speech/synthesis/0: the provider openai needs url',
    '/speech/synthesis/1: the provider openai needs model',
    '/speech/synthesis/2: the provider piper needs model',
    '/speech/synthesis/3: the provider sherpa-onnx needs arguments',
    '/speech/recognition/0: the provider vosk needs url',
    '/speech/recognition/1: the provider openai needs url',
    '/speech/recognition/2: the provider vosk needs url',
  ])
    expect(found).toContain(part);
  expect(found).not.toContain('sk-secret');
  expect(problems('speech: { recognition: [{ provider: vosk, url: "ws://x:2700" }] }')).toBe('none');
});
