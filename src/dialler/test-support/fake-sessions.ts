import { Emitter } from '../../kernel/emitter.ts';
import type { ScenarioSessionEvents, SessionOutcome, StartRequest } from '../../scenario/ports.ts';
import type { DiallerOptions } from '../options.ts';

export interface FakeSession {
  readonly sessionId: string;
  readonly request: StartRequest;
  /** The row that it was given. */
  readonly row: Readonly<Record<string, string>>;
  ended: boolean;
}

/** Sessions that end when a test says so. */
export class FakeSessions {
  readonly observers = new Emitter<ScenarioSessionEvents>((error) => {
    throw error;
  });
  readonly all: FakeSession[] = [];
  /** Sessions that were ended from outside. */
  readonly endedByUs: string[] = [];
  /** The next starts fail with this. */
  error: Error | undefined;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  get live(): FakeSession[] {
    return this.all.filter(({ ended }) => !ended);
  }

  readonly ports: DiallerOptions['sessions'] = {
    start: async (request) => {
      if (this.error !== undefined) throw this.error;
      const sessionId = `${this.#name}-${this.all.length + 1}`;
      const row = JSON.parse(request.customData) as Record<string, string>;
      this.all.push({ sessionId, request, row, ended: false });
      return { sessionId };
    },
    end: (sessionId, reason) => {
      this.endedByUs.push(sessionId);
      const session = this.all.find((one) => one.sessionId === sessionId);
      if (session !== undefined) this.end(session, { reason, error: undefined });
    },
    observers: this.observers,
  };

  end(
    session: FakeSession,
    outcome: SessionOutcome = { reason: 'the scenario terminated', error: undefined },
  ): void {
    if (session.ended) return;
    session.ended = true;
    this.observers.emit('ended', { sessionId: session.sessionId, ...outcome });
  }
}
