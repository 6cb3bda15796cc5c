/**
 * All phones of an account at once (RFC 3261 §16.6–16.7, as a forking proxy would): the first that answers has the call,
 * the others are cancelled, and a 2xx that crosses its CANCEL gets ACK and BYE from its own session (PITFALLS rows 1 and
 * 5). To the call layer it is one session.
 */
import type { ExtraHeaders, ReOfferOutcome, SessionEnd, SessionState, UacSession } from '../dialog/types.ts';
import { CANCELLED, type Forwarded, type RelayedOptions, RelayedSession } from './relayed-session.ts';

export class ForkedSession extends RelayedSession {
  readonly #branches = new Set<UacSession>();
  readonly #waiting: (() => void)[] = [];
  #winner: UacSession | undefined;
  #best: SessionEnd | undefined;
  #ending = false;

  /** `branches`: at least one, of which none has emitted anything yet. */
  constructor(options: RelayedOptions & { readonly branches: readonly UacSession[] }) {
    super(options);
    for (const branch of options.branches) this.#follow(branch);
  }

  get state(): SessionState {
    if (this.ended) return 'ended';
    if (this.#winner !== undefined) return this.#winner.state;
    const rings = [...this.#branches].some(({ state }) => state === 'proceeding');
    return rings ? 'proceeding' : 'calling';
  }

  end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void {
    if (this.ended) return;
    this.#ending = true;
    if (this.#winner !== undefined) this.#winner.end(options);
    else for (const branch of [...this.#branches]) branch.end(options);
  }

  protected get carrier(): UacSession | undefined {
    return this.#winner;
  }

  /** Waits for the phone that answers: which of the others rings is nobody's business. */
  override async reoffer(sdp: string | (() => string)): Promise<ReOfferOutcome> {
    if (!this.ended && this.#winner === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return super.reoffer(sdp);
  }

  #follow(branch: UacSession): void {
    this.#branches.add(branch);
    this.relay(branch, (name) => this.#admit(branch, name));
    branch.events.on('ended', (end) => this.#over(branch, end));
  }

  /** Before the answer every phone is heard, afterwards only the one that has the call. */
  #admit(branch: UacSession, name: Forwarded): boolean {
    if (this.#winner !== undefined) return branch === this.#winner;
    if (name !== 'accepted') return !this.#ending;
    this.#winner = branch;
    for (const other of [...this.#branches]) if (other !== branch) other.end();
    this.#release();
    return true;
  }

  #over(branch: UacSession, end: SessionEnd): void {
    this.#branches.delete(branch);
    if (this.#winner !== undefined) {
      if (branch === this.#winner) this.finish(end);
      return;
    }
    if (this.#best === undefined || rank(end) < rank(this.#best)) this.#best = end;
    // §16.7 step 5: a 6xx speaks for all phones of the account.
    if (end.status >= 600) for (const other of [...this.#branches]) other.end();
    if (this.#branches.size > 0) return;
    this.finish(this.#ending ? CANCELLED : this.#best);
    this.#release();
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** §16.7 step 6, the smaller the better: 6xx, then what a phone said, by class; a phone that is gone says least. */
function rank({ by, status }: SessionEnd): number {
  if (status >= 600) return 0;
  // Within 4xx, what says most of the callee: busy, then declined for now, then the rest.
  const told = status === 486 ? 0.1 : status === 480 ? 0.2 : 0.3;
  // A redirect that was not followed says least of the callee.
  const kind = status < 400 ? 9 : Math.floor(status / 100);
  return kind + told + (by === 'remote' ? 0 : 10);
}
