import type { CallService } from '../../src/call/call-service.ts';
import type { Call, CallEnd } from '../../src/call/types.ts';

/** What the server told about one leg. */
export interface LegStory {
  readonly call: Call;
  readonly sessionId: string;
  readonly createdAt: number;
  connectedAt: number | undefined;
  /** Every end that was told, by the call's own events. */
  readonly finals: { readonly name: 'failed' | 'disconnected'; readonly at: number }[];
  /** Ends that observers were told. */
  readonly ends: CallEnd[];
  endedAt: number | undefined;
}

/** Follows every leg of the server from its first moment to its last. */
export class Legs {
  readonly stories = new Map<string, LegStory>();
  refused = 0;
  readonly #sessionsEnded = new Map<string, number>();

  constructor(calls: CallService, now: () => number, note: (text: string) => void) {
    calls.observers.on('created', ({ call, sessionId }) => {
      const story: LegStory = {
        call,
        sessionId,
        createdAt: now(),
        connectedAt: undefined,
        finals: [],
        ends: [],
        endedAt: undefined,
      };
      this.stories.set(call.id, story);
      const side = call.incoming ? 'caller' : 'callee';
      note(`leg of the ${side} begins`);
      call.events.on('connected', () => {
        story.connectedAt = now();
        note(`leg of the ${side} is connected`);
      });
      for (const name of ['failed', 'disconnected'] as const) {
        call.events.on(name, ({ code, by }) => {
          story.finals.push({ name, at: now() });
          note(`leg of the ${side}: ${name} ${code} by ${by}`);
        });
      }
    });
    calls.observers.on('ended', ({ call, end }) => {
      const story = this.stories.get(call.id);
      story?.ends.push(end);
      if (story !== undefined) story.endedAt ??= now();
    });
    calls.observers.on('refused', ({ code, error }) => {
      this.refused += 1;
      note(`a call was refused: ${code} ${error}`);
    });
  }

  get all(): LegStory[] {
    return [...this.stories.values()];
  }

  sessionEnded(sessionId: string, at: number): void {
    this.#sessionsEnded.set(sessionId, at);
  }

  sessionEnd(sessionId: string): number | undefined {
    return this.#sessionsEnded.get(sessionId);
  }
}
