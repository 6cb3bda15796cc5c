/** `CallList`: reports go to the dialler, and their answers to the script. */
import type { CallListCommand } from '../parts/calllist-protocol.ts';
import type { PartCommand } from '../parts/protocol.ts';
import type { HostPart } from './host-part.ts';
import { messageOf, type SessionContext } from './session-context.ts';

interface Answer {
  readonly code: number;
  readonly error?: string;
}

export class SessionCallList implements HostPart {
  readonly #context: SessionContext;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** One report after the other; the end of the session waits for them. */
  run(command: PartCommand): void {
    if (command.type !== 'calllist-report') return;
    const { holdEnd, post, services } = this.#context;
    const { requestId } = command;
    if (this.#waiting >= services.limits.callListWaiting) {
      post({ type: 'calllist-answer', requestId, code: 429, error: 'too many reports wait for an answer' });
      return;
    }
    this.#waiting += 1;
    const asked = services.clock.monotonic();
    this.#last = this.#last.then(async () => {
      const answer = await this.#inTime(command, asked);
      this.#waiting -= 1;
      if (!this.#context.signal.aborted) post({ type: 'calllist-answer', requestId, ...answer });
    });
    holdEnd(this.#last);
  }

  close(): void {}

  async #inTime({ report }: CallListCommand, asked: number): Promise<Answer> {
    const { services, request, log } = this.#context;
    const { clock, limits, callLists } = services;
    const task = request.callListTask;
    if (task === undefined || callLists === undefined) {
      log('warn', 'CallList: this session was not started by a call list; nothing is reported.');
      return { code: 404, error: 'this session was not started by a call list' };
    }
    const late = Promise.withResolvers<Answer>();
    const error = `the call list did not answer within ${limits.storageSeconds} s`;
    const left = Math.max(0, asked + limits.storageSeconds * 1000 - clock.monotonic());
    const timer = clock.setTimeout(() => late.resolve({ code: 504, error }), left);
    const done = callLists.report(task, report).then(
      (first): Answer =>
        first
          ? { code: 200 }
          : { code: 409, error: 'the attempt was reported on before; the first report counts' },
      (reason: unknown): Answer => ({ code: 500, error: messageOf(reason) }),
    );
    const answer = await Promise.race([done, late.promise]);
    clock.clearTimeout(timer);
    if (answer.error !== undefined) log('warn', `CallList: ${answer.error}`);
    return answer;
  }
}
