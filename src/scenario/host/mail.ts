/** `Net.sendMail`: two mails at a time, the rest waiting in order. */
import type { MailCommand } from '../parts/mail-protocol.ts';
import type { PartCommand } from '../parts/protocol.ts';
import type { Mail } from '../ports.ts';
import type { HostPart } from './host-part.ts';
import { messageOf, type SessionContext } from './session-context.ts';

export class SessionMails implements HostPart {
  readonly #context: SessionContext;
  readonly #waiting: MailCommand[] = [];
  #running = 0;
  #total = 0;
  #closed = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: PartCommand): void {
    if (command.type !== 'mail-send') return;
    const { mailsWaiting, mails } = this.#context.services.limits;
    this.#total += 1;
    if (this.#total > mails) this.#answer(command, 0, `a session sends at most ${mails} mails`);
    else if (this.#waiting.length + this.#running >= mailsWaiting)
      this.#answer(command, 0, `more than ${mailsWaiting} mails wait to be sent`);
    else this.#waiting.push(command);
    this.#next();
  }

  /** What is being sent has until the session is over; what waits is dropped, as HTTP requests are. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    const { holdEnd, services } = this.#context;
    while (this.#running < services.limits.mailsRunning && !this.#closed) {
      const command = this.#waiting.shift();
      if (command === undefined) break;
      this.#running += 1;
      holdEnd(this.#send(command));
    }
  }

  async #send(command: MailCommand): Promise<void> {
    const { services, signal, log } = this.#context;
    const { clock, limits, mailer } = services;
    const late = new AbortController();
    const timer = clock.setTimeout(
      () => late.abort(new Error(`the mail server did not take it within ${limits.mailSeconds} s`)),
      limits.mailSeconds * 1000,
    );
    const sent = mailer
      .send(mailOf(command), AbortSignal.any([signal, late.signal]))
      .catch((error: unknown) => ({ code: 0, error: messageOf(error) }));
    const { code, error } = await sent;
    clock.clearTimeout(timer);
    this.#running -= 1;
    // The server only: addresses are people's.
    log('info', `Mail through ${command.server}: ${error === undefined ? code : `failed (${code})`}`);
    if (!signal.aborted) this.#answer(command, code, error);
    this.#next();
  }

  #answer({ requestId }: MailCommand, code: number, error: string | undefined): void {
    this.#context.post({ type: 'mail-answer', requestId, code, ...(error === undefined ? {} : { error }) });
  }
}

function mailOf({ login, password, ...mail }: MailCommand): Mail {
  const { server, port, from, to, cc, bcc, subject, text, html } = mail;
  const auth = login === undefined ? undefined : { user: login, password: password ?? '' };
  return { server, port, auth, from, to, cc, bcc, subject, text, html };
}
