import type { Mail, Mailer } from '../scenario/ports.ts';

/** Letters of a flow: kept, and sent nowhere. */
export class MailDouble implements Mailer {
  readonly sent: Mail[] = [];
  /** Set: the server cannot be reached, for this reason. */
  fault: string | undefined;

  send(mail: Mail): Promise<{ readonly code: number; readonly error?: string }> {
    if (this.fault !== undefined) return Promise.resolve({ code: 0, error: this.fault });
    this.sent.push(mail);
    return Promise.resolve({ code: 250 });
  }
}
