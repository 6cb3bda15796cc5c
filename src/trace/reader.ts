import { hideNumbers } from './hide-numbers.ts';
import { type Arrow, drawLadder } from './ladder.ts';
import type { CallTrace, CallTraces, TracedMessage, TraceLeg, TraceStore } from './ports.ts';

/** Traces as the API serves them. */
export class TraceReader implements CallTraces {
  readonly #store: Pick<TraceStore, 'read'>;

  constructor(store: Pick<TraceStore, 'read'>) {
    this.#store = store;
  }

  async read(sessionId: string, clear: boolean): Promise<CallTrace> {
    const { messages, omitted } = await this.#store.read(sessionId);
    return { messages: clear ? messages : messages.map(hideNumbers), omitted };
  }

  async ladder(sessionId: string, legs: readonly TraceLeg[], clear: boolean): Promise<string> {
    const { messages, omitted } = await this.read(sessionId, clear);
    if (messages.length === 0) return 'Nothing is kept of this call.\n';
    const more = omitted === 0 ? '' : `${omitted} more messages found no room.\n`;
    return `${callLadder(messages, legs)}\n${more}`;
  }
}

/** The caller on the left, Maskline in the middle, everybody who was called on the right. */
function callLadder(messages: readonly TracedMessage[], legs: readonly TraceLeg[]): string {
  const left = legs.find((leg) => leg.incoming)?.callId;
  const right = legs.filter((leg) => leg.callId !== left);
  const numberOf = new Map(right.map((leg, index) => [leg.callId, index + 1]));
  const arrows = messages.map((message): Arrow => {
    const { at, text, legId, direction } = message;
    const lane = left === undefined || legId !== left ? 1 : 0;
    const towards = (direction === 'in') === (lane === 0) ? 'right' : 'left';
    const note = lane === 1 && right.length > 1 ? `[leg ${numberOf.get(legId) ?? '?'}]` : '';
    return { at, lane, towards, text, note };
  });
  const called = right.length > 1 ? `called (${right.length} legs)` : 'called';
  if (left !== undefined) return drawLadder(['caller', 'Maskline', called], arrows);
  return drawLadder(
    ['Maskline', called],
    arrows.map((arrow) => ({ ...arrow, lane: 0 })),
  );
}
