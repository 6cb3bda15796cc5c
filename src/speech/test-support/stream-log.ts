import type { RecognitionOptions, RecognitionStream } from '../recognition.ts';

/** A busy machine is no failure. */
export const SOON = { timeout: 15_000 };
export const russian: RecognitionOptions = { language: 'ru-RU', phrases: [], endSilenceMs: 700 };
export const silence = (seconds: number, rate = 16_000): Int16Array => new Int16Array(seconds * rate);
/** Something as loud as a voice. */
export const voice = (seconds: number, rate = 16_000): Int16Array =>
  Int16Array.from({ length: seconds * rate }, (_, n) => 6000 * Math.sin(n / 5) * Math.sin(n / 900));

/** Everything a stream says, in order. */
export function told(stream: RecognitionStream): string[] {
  const lines: string[] = [];
  const { events } = stream;
  events.on('ready', () => lines.push('ready'));
  events.on('speechStarted', () => lines.push('started'));
  events.on('speechEnded', () => lines.push('captured'));
  events.on('interim', ({ text }) => lines.push(`interim ${text}`));
  events.on('result', ({ text, confidence = -1, startSeconds, endSeconds, words }) =>
    lines.push(
      `${text} ${confidence.toFixed(2)} ${startSeconds.toFixed(1)}-${endSeconds.toFixed(1)} ${words.length}`,
    ),
  );
  events.on('failed', ({ error, fatal }) => lines.push(`${fatal ? 'fatal' : 'lost'}: ${error}`));
  events.on('ended', () => lines.push('ended'));
  return lines;
}
