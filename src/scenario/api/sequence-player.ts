/** `SequencePlayer`: sounds and texts one after the other, without a gap. */
import { BasePlayer, startPlayer } from './base-player.ts';
import { sequencePlayerEventNames } from './enums.ts';
import { warn } from './host-link.ts';
import { isObject, segmentList, segmentSource } from './sounds.ts';

const KIND = { names: sequencePlayerEventNames, prefix: 'SequencePlayer', key: 'sequencePlayer' } as const;

export class SequencePlayer extends BasePlayer {
  readonly #segments: readonly unknown[];

  constructor(id: string, segments: readonly unknown[]) {
    super(id, KIND);
    this.#segments = segments;
  }
  /** Milliseconds within the segment, which is one of those that the sequence was made of. */
  addMarker(offset: unknown, segment: unknown): void {
    const place = placeOf(segment, this.#segments);
    if (place < 0) {
      warn(
        'SequencePlayer.addMarker: the second argument is no segment of this sequence; there is no marker.',
      );
      return;
    }
    this.markAt(offset, place, 'SequencePlayer.addMarker');
  }
}

/** The same object, or one that plays the same. */
function placeOf(segment: unknown, segments: readonly unknown[]): number {
  const same = segments.indexOf(segment);
  if (same >= 0 || !isObject(segment)) return same;
  return segments.findIndex((one) => isObject(one) && one.url === segment.url && one.text === segment.text);
}

/** @throws TypeError without segments, Error when the session has as many players as it may. */
export function createSequencePlayer(parameters: unknown): SequencePlayer {
  const segments = [...segmentList(parameters, 'createSequencePlayer')];
  const sources = segments.map((segment) => segmentSource(segment, 'createSequencePlayer'));
  return startPlayer(
    (id) => new SequencePlayer(id, segments),
    { kind: 'sequence', segments: sources },
    { loop: false, paused: false },
  );
}
