/** What must be true of every call whose media ports a stranger has attacked (PITFALLS row 32). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readWavChannel } from '../../src/media/wav.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { PhoneRtp } from '../../src/phone/phone-rtp.ts';
import { attackedFrames, KEY, type RtpAttacker } from './rtp-attacker.ts';

/** What the phones' calls have sent and heard. */
export function soundsOf(phones: readonly Phone[]): PhoneRtp[] {
  return phones.flatMap((phone) => phone.calls.flatMap(({ sound }) => sound ?? []));
}

/**
 * Throws if a phone or a recording has anything of the stranger, or the stranger anything of anybody.
 *
 * @param data the server's data folder
 */
export async function expectUnattacked(
  attacker: RtpAttacker,
  phones: readonly Phone[],
  data: string,
): Promise<void> {
  const { received } = attacker;
  if (received.length > 0) throw new Error(`RTP bled: a stranger got ${received.length} packets`);
  for (const sound of soundsOf(phones)) {
    const frames = attackedFrames(sound.heard.samples());
    if (frames > 0) throw new Error(`a phone heard a stranger for ${frames * 20} ms`);
    if (sound.digits.includes(KEY)) throw new Error('a phone heard a key that a stranger pressed');
  }
  const folder = join(data, 'recordings');
  // A test may have put something else in its place.
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of files.filter((file) => file.endsWith('.wav'))) {
    const file = await readFile(join(folder, name));
    const frames =
      attackedFrames(readWavChannel(file, 'left')) + attackedFrames(readWavChannel(file, 'right'));
    if (frames > 0) throw new Error(`a recording holds ${frames * 20} ms of a stranger`);
  }
}
