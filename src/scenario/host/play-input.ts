/** From what a script wants played to what the media engine plays: sounds are fetched, texts are spoken. */
import type { PlayerInput, PlayerPart } from '../../media/engine.ts';
import type { PlaySource, SaySource, UrlSource } from '../protocol.ts';
import type { SessionContext } from './session-context.ts';

/** Segments of a sequence that are fetched or spoken at once. */
const AT_ONCE = 3;
/** What a sequence may say, in texts of the longest kind. */
const LONG_TEXTS = 10;

/** @throws Error with a sentence for the script: not fetched, not spoken, not in time. */
export async function playInput(context: SessionContext, source: PlaySource): Promise<PlayerInput> {
  switch (source.kind) {
    case 'progress-tone':
      return { kind: 'progress-tone', tone: 'ringback', country: source.country };
    case 'tone-script':
      return { kind: 'tone-script', script: source.script };
    case 'sequence':
      return { kind: 'sequence', parts: await allParts(context, source.segments) };
    default:
      return await onePart(context, source);
  }
}

async function onePart(context: SessionContext, source: UrlSource | SaySource): Promise<PlayerPart> {
  const { services, signal } = context;
  if (source.kind === 'url') return { kind: 'file', path: await services.playbacks.fetch(source, signal) };
  const { text, language, voice, gender, tuning } = source;
  const { sayChars } = services.limits;
  if (text.length > sayChars) throw new Error(`The text is longer than ${sayChars} characters.`);
  return { kind: 'samples', samples: await services.speech.say(text, { language, voice, gender, tuning }) };
}

/** In their order, a few at a time: a sequence must not open a hundred connections. */
async function allParts(
  context: SessionContext,
  segments: readonly (UrlSource | SaySource)[],
): Promise<readonly PlayerPart[]> {
  const chars = segments.reduce((sum, one) => sum + (one.kind === 'say' ? one.text.length : 0), 0);
  const most = LONG_TEXTS * context.services.limits.sayChars;
  if (chars > most) throw new Error(`The texts of the sequence are longer than ${most} characters together.`);
  const parts: PlayerPart[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < segments.length; at = next++) {
      if (context.signal.aborted) return;
      try {
        parts[at] = await onePart(context, segments[at]!);
      } catch (error) {
        next = segments.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return parts;
}
