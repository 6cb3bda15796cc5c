/** What Vosk's server says; hostile like everything from the network. */
import type { Recognised, RecognisedWord } from './recognition.ts';

export type VoskMessage =
  | { readonly kind: 'interim'; readonly text: string }
  | { readonly kind: 'result'; readonly result: Recognised }
  | { readonly kind: 'nothing' };

const MAX_WORDS = 5000;
/** Stands for what is in no phrase of the list. */
const UNKNOWN = /\s*\[unk\]\s*/g;

/** `heardSeconds`: where the stream is, for results without times. Undefined for nonsense. */
export function readVoskMessage(text: string, heardSeconds: number): VoskMessage | undefined {
  let value: { text?: unknown; partial?: unknown; result?: unknown } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (typeof value.partial === 'string') {
    const interim = value.partial.replace(UNKNOWN, ' ').trim();
    return interim === '' ? { kind: 'nothing' } : { kind: 'interim', text: interim };
  }
  if (typeof value.text !== 'string') return undefined;
  const said = value.text.replace(UNKNOWN, ' ').trim();
  if (said === '') return { kind: 'nothing' };
  const words = wordsOf(value.result);
  const known = words.map(({ confidence }) => confidence).filter((one) => one !== undefined);
  return {
    kind: 'result',
    result: {
      text: said,
      confidence: known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0) / known.length,
      startSeconds: words[0]?.startSeconds ?? heardSeconds,
      endSeconds: words.at(-1)?.endSeconds ?? heardSeconds,
      words,
    },
  };
}

function wordsOf(value: unknown): RecognisedWord[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).slice(0, MAX_WORDS).flatMap((one) => {
    const { word, start, end, conf } = (one ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof word !== 'string' || word === '[unk]') return [];
    if (typeof start !== 'number' || typeof end !== 'number') return [];
    const confidence = typeof conf === 'number' ? Math.min(1, Math.max(0, conf)) : undefined;
    return [{ text: word, startSeconds: start, endSeconds: end, confidence }];
  });
}
