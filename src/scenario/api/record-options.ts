/**
 * What `Call.record` and `createRecorder` are asked for, and what of it means something here: recordings are WAV files of
 * 16 bit at 8 kHz on the operator's own disk, reached by the API with a key.
 */
import type { RecordWish } from '../protocol.ts';
import { RecordExpireTime } from './enums.ts';
import { text } from './headers.ts';
import { warn } from './host-link.ts';
import { speechOptions } from './language.ts';

const MAX_NAME = 256;
const MAX_PHRASES = 500;
const MAX_PHRASE = 256;

/** What is asked for and is otherwise here; the recording goes on all the same. */
const OTHERWISE: Readonly<Record<string, string>> = {
  secure: 'every recording needs an API key to be read',
  video: 'there is no video',
  videoParameters: 'there is no video',
  hd_audio: 'recordings are WAV with 8 kHz',
  contentDispositionFilename: 'recordings are named by their ids',
  recordNamePrefix: 'there is no S3 storage',
};

/** In months, by what `RecordExpireTime` has as values. */
const MONTHS = new Map<string, number>([
  [RecordExpireTime.SIXMONTHS, 6],
  [RecordExpireTime.ONEYEAR, 12],
  [RecordExpireTime.TWOYEARS, 24],
  [RecordExpireTime.THREEYEARS, 36],
  [RecordExpireTime.FIVEYEARS, 60],
]);
const DEFAULT_MONTHS = 3;

type Options = Readonly<Record<string, unknown>>;

export function recordWish(options: Options, where: string): RecordWish {
  for (const [name, why] of Object.entries(OTHERWISE)) {
    const value = options[name];
    if (value !== undefined && value !== false && value !== '')
      warn(`${where}: ${name} changes nothing; ${why}.`);
  }
  const name = text(options.name).slice(0, MAX_NAME);
  return {
    ...(name === '' ? {} : { name }),
    ...(options.expire === undefined ? {} : { keepMonths: monthsOf(options.expire, where) }),
    ...(options.transcribe === true ? { transcribe: transcriptWish(options) } : {}),
  };
}

function monthsOf(expire: unknown, where: string): number {
  if (expire === '') return DEFAULT_MONTHS;
  const months = MONTHS.get(text(expire));
  if (months === undefined) warn(`${where}: expire is no value of RecordExpireTime; three months are meant.`);
  return months ?? DEFAULT_MONTHS;
}

/** `provider`, `labels` and `format` name services of other clouds. `dict` is a list of words, or has one as `phrases`. */
function transcriptWish({ language, dict }: Options): NonNullable<RecordWish['transcribe']> {
  const words = Array.isArray(dict) ? dict : (dict as { phrases?: unknown } | null | undefined)?.phrases;
  const phrases = Array.isArray(words) ? words.map((word) => text(word).slice(0, MAX_PHRASE)) : [];
  return {
    language: language === undefined ? '' : speechOptions(language).language,
    phrases: phrases.slice(0, MAX_PHRASES),
  };
}
