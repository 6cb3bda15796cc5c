import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgramDecoder } from '../../media/decode/decoder.ts';
import { toneShare } from '../../media/goertzel.ts';
import { readWav } from '../../media/wav.ts';
import { type Check, type Finding, messageOf, ok, warning } from './diagnosis.ts';

const FIXTURES = new URL('../../media/decode/fixtures/', import.meta.url);
/** Each program and each of its plug-ins once. What they hold is a tone of 1000 Hz. */
const FILES = [
  ['mp3', 'tone.mp3'],
  ['vorbis', 'tone-vorbis.ogg'],
  ['opus', 'tone-opus.ogg'],
] as const;

/** Can scenarios play MP3 and Ogg? Without the programs WAV plays, and other sounds give the script an error. */
export const checkSounds: Check = async ({ clock, environment }) => {
  const folder = await mkdtemp(join(tmpdir(), 'maskline-doctor-sounds-'));
  const decoder = new ProgramDecoder({ clock, path: environment.PATH });
  try {
    const findings = FILES.map(async ([format, name]): Promise<Finding> => {
      const output = join(folder, `${format}.wav`);
      try {
        await decoder.decode(format, new URL(name, FIXTURES).pathname, output);
      } catch (error) {
        return warning(
          `sounds ${format}`,
          messageOf(error),
          'Run script/bootstrap, or give your scenarios WAV files.',
        );
      }
      const samples = readWav(await readFile(output)).subarray(800, 4800);
      return toneShare(samples, 1000) > 0.9
        ? ok(`sounds ${format}`, 'It plays.')
        : warning(
            `sounds ${format}`,
            'Another sound comes out than is in the file.',
            'Install its decoder anew.',
          );
    });
    return await Promise.all(findings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
