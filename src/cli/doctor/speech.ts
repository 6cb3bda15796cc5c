import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recognitionEntries, type SpeechSettings, synthesisEntries } from '../../speech/create-speech.ts';
import type { Recogniser } from '../../speech/recognition.ts';
import type { SynthesisEntry } from '../../speech/speech-service.ts';
import { type Check, type Finding, messageOf, ok, warning } from './diagnosis.ts';

const SAMPLE_RATE = 8_000;
/** What a provider is asked to say in a language; English where we know no other. */
const WORDS: Readonly<Record<string, string>> = { ru: 'один', de: 'eins', fr: 'un', es: 'uno' };

/**
 * Does each configured provider speak, and recognise? Without them calls go on, and a script gets an error. Nothing of
 * what was said before is used.
 */
export const checkSpeech: Check = async ({ settings, clock }) => {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-doctor-speech-'));
  try {
    const tools = { clock, cacheFolder: folder };
    const speaking = synthesisEntries(settings.speech, tools, 'fresh');
    const listening = recognitionEntries(settings.speech, tools);
    return (
      await Promise.all([
        ...speaking.map(speaks),
        ...listening.map(({ recogniser, languages }) => hears(recogniser, languages)),
        exposed(settings.speech),
      ])
    ).flat();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function speaks({ name, languages, synthesis }: SynthesisEntry): Promise<Finding[]> {
  const [language = 'en-US'] = languages;
  const word = WORDS[language.split('-')[0] ?? ''] ?? 'one';
  const check = `speech ${name}`;
  try {
    const samples = await synthesis.say(word, { language, voice: '' });
    if (samples.some((sample) => Math.abs(sample) > 500))
      return [ok(check, `It speaks: "${word}" takes ${(samples.length / SAMPLE_RATE).toFixed(1)} s.`)];
    return [warning(check, 'It gives silence.', `Install its voices for ${language} anew.`)];
  } catch (error) {
    return [
      warning(
        check,
        messageOf(error),
        'Correct speech.synthesis, or use recorded prompts in your scenarios; docs/guide/speech.md helps.',
      ),
    ];
  }
}

/** A second of noise that is no word: what matters is that somebody answers. */
async function hears(recogniser: Recogniser, [language = 'en-US']: readonly string[]): Promise<Finding[]> {
  const check = `recognition ${recogniser.name}`;
  const over = Promise.withResolvers<string | undefined>();
  try {
    const stream = recogniser.open({ language, phrases: [], endSilenceMs: 500 });
    stream.events.on('failed', ({ error }) => over.resolve(error));
    stream.events.on('ended', () => over.resolve(undefined));
    stream.write(
      Int16Array.from({ length: stream.rate }, (_, n) => 5000 * Math.sin(n / 5) * Math.sin(n / 700)),
    );
    stream.write(new Int16Array(stream.rate));
    stream.end();
    const error = await over.promise;
    stream.close();
    if (error === undefined) return [ok(check, 'It answers.')];
    return [warning(check, error, 'Correct speech.recognition; ASR and transcripts fail until then.')];
  } catch (error) {
    return [warning(check, messageOf(error), 'Correct speech.recognition.')];
  }
}

/** One program takes what it says as an argument. */
function exposed({ synthesis }: SpeechSettings): Finding[] {
  if (!synthesis.some(({ provider }) => provider === 'sherpa-onnx')) return [];
  return [
    warning(
      'speech sherpa-onnx',
      'It takes texts as arguments: other users of this machine can read them while they are spoken.',
      'Let no other people have accounts here, or mount /proc with hidepid=2.',
    ),
  ];
}
