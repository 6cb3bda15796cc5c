import type { MediaSession } from '../../media/engine.ts';
import type { Call } from '../types.ts';

/** Joins two calls both ways once both have a leg and neither has ended: what a scenario session's media graph does. */
export function join(a: Call, b: Call, media: MediaSession): void {
  Promise.all([a.whenMedia(), b.whenMedia()]).then(
    ([legA, legB]) => {
      if (a.state === 'TERMINATED' || b.state === 'TERMINATED') return;
      media.connect(legA, legB);
      media.connect(legB, legA);
    },
    () => undefined,
  );
}
