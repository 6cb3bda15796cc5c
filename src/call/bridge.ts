import type { MediaSession } from '../media/engine.ts';
import type { Call } from './types.ts';

/** One direction of sound between two calls. */
export interface MediaEdge {
  /** Takes the edge away, or forgets it when it was not there yet. Idempotent. */
  undo(): void;
}

/** Both directions. Each may be undone alone, when something newer is to be heard on one side. */
export interface Bridge extends MediaEdge {
  readonly there: MediaEdge;
  readonly back: MediaEdge;
}

/** Joins two calls of one media session both ways, as VoxEngine's `sendMediaBetween`. */
export function bridge(a: Call, b: Call, media: MediaSession): Bridge {
  const there = sendMedia(a, b, media);
  const back = sendMedia(b, a, media);
  return {
    there,
    back,
    undo: () => {
      there.undo();
      back.undo();
    },
  };
}

/**
 * Lets `to` hear `from`, from the moment both have a leg: at once, at early media, or at the answer. When either call
 * ends its leg closes, and the engine takes the edge away with it.
 */
export function sendMedia(from: Call, to: Call, media: MediaSession): MediaEdge {
  let wanted = true;
  let disconnect: (() => void) | undefined;
  const connect = (): void => {
    const { leg: source } = from;
    const { leg: sink } = to;
    // Row 40: either call may have ended while the other was waited for.
    const gone = from.state === 'TERMINATED' || to.state === 'TERMINATED';
    if (!wanted || gone || source === undefined || sink === undefined) return;
    media.connect(source, sink);
    disconnect = () => {
      if (from.state !== 'TERMINATED' && to.state !== 'TERMINATED') media.disconnect(source, sink);
    };
  };
  // Two legs that are there already are joined before this returns: the newest edge wins, in the script's order.
  if (from.leg !== undefined && to.leg !== undefined) connect();
  else Promise.all([from.whenMedia(), to.whenMedia()]).then(connect, () => undefined);
  return {
    undo: () => {
      wanted = false;
      disconnect?.();
      disconnect = undefined;
    },
  };
}
