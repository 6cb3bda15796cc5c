import { EspeakSynthesis } from '../../speech/espeak.ts';
import { type Check, messageOf, ok, warning } from './diagnosis.ts';

const SAMPLE_RATE = 8_000;

/** Does the speech program speak? Without it calls go on, and `say()` gives the script an error. */
export const checkSpeech: Check = async ({ clock }) => {
  try {
    const samples = await new EspeakSynthesis({ clock }).say('one', { language: 'en-US', voice: '' });
    if (samples.some((sample) => Math.abs(sample) > 500))
      return [ok('speech', `eSpeak NG speaks: "one" takes ${(samples.length / SAMPLE_RATE).toFixed(1)} s.`)];
    return [
      warning(
        'speech',
        'eSpeak NG gives silence.',
        'Install espeak-ng anew, with its voices (espeak-ng-data).',
      ),
    ];
  } catch (error) {
    return [
      warning(
        'speech',
        messageOf(error),
        'Install the package espeak-ng, or use recorded prompts in your scenarios.',
      ),
    ];
  }
};
