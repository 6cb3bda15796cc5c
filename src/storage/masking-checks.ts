import { MaskingError } from '../masking/ports.ts';
import type { NewSession, SessionMode } from '../masking/types.ts';
import { isExtension } from './extension-digits.ts';
import { overlap } from './masking-extensions.ts';

/** Fewer and more make no sense in that mode; a group is called one after the other. */
const PARTIES: Readonly<Record<SessionMode, readonly [least: number, most: number]>> = {
  axb: [2, 2],
  axyb: [2, 2],
  axn: [1, 1],
  axg: [2, 50],
  extension: [1, 50],
};

/**
 * What can be said of a session without the database.
 *
 * @throws MaskingError `masking/party-invalid`, with the field.
 */
export function checkSession({ mode, parties }: NewSession): void {
  const [least, most] = PARTIES[mode];
  if (parties.length < least || parties.length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw invalid(`A session of mode ${mode} has ${wanted} parties, not ${parties.length}.`, '/parties');
  }
  for (const [index, { number, extension }] of parties.entries()) {
    const at = `/parties/${index}`;
    if (!number.isE164)
      throw invalid('This is no telephone number; begin with + and the country code.', `${at}/number`);
    if (parties.slice(0, index).some((other) => other.number.equals(number)))
      throw invalid('Another party of the session has the same number.', `${at}/number`);
    if (extension === undefined) continue;
    if (mode !== 'extension')
      throw invalid(`A session of mode ${mode} has no extensions.`, `${at}/extension`);
    if (!isExtension(extension)) throw invalid('An extension is four to six digits.', `${at}/extension`);
    const before = parties.slice(0, index).flatMap((other) => other.extension ?? []);
    if (before.some((other) => overlap(other, extension)))
      throw invalid('It is another party’s extension, or begins as that does.', `${at}/extension`);
  }
}

export function invalid(message: string, field: string): MaskingError {
  return new MaskingError('masking/party-invalid', message, field);
}

/** Somebody who would be masked by one of our own numbers would be called in a circle. */
export function refuseService(isService: boolean, field: string): void {
  if (isService) throw invalid('This is a service number of the installation and nobody’s own.', field);
}
