/** `Net.sendMail`. Each command is answered by exactly one `mail-answer`. */
import type { At } from './at.ts';

export type MailCommand = {
  readonly type: 'mail-send';
  readonly requestId: number;
  readonly server: string;
  readonly port: number;
  readonly login: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
};

export type MailEvent = At & {
  readonly type: 'mail-answer';
  readonly requestId: number;
  /** The SMTP reply: 250, or what refused it; 0 when there was none. */
  readonly code: number;
  readonly error?: string;
};
