/**
 * Sends mails over SMTP (RFC 5321) for scenarios, through the same fence as their HTTP: the name of the server is looked
 * up once, its addresses are judged, and the connection goes to the one that was judged. The dialogue with the server and
 * the message itself are nodemailer's.
 *
 * TLS from the first byte on port 465 (RFC 8314 §3.3), else STARTTLS where the server offers it. A password is never sent
 * in plain text: with a login, a server without STARTTLS is refused. Certificates are checked either way.
 */
import { lookup } from 'node:dns/promises';
import { createConnection, isIP, type Socket } from 'node:net';
import type { NetFence, ResolvedAddress } from '../http/net-fence.ts';
import type { Mail, Mailer } from '../ports.ts';

/** Of one step: a greeting, a reply. The whole is bounded by the session. */
const STEP_MS = 30_000;
const IMPLICIT_TLS_PORT = 465;

export interface SmtpMailerOptions {
  readonly fence: NetFence;
  /** DNS; the system's unless a test brings its own. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
  /** Authorities besides those that Node brings, PEM. */
  readonly ca?: string;
}

interface SmtpError {
  readonly message?: string;
  readonly responseCode?: number;
}

export class SmtpMailer implements Mailer {
  readonly #options: SmtpMailerOptions;

  constructor(options: SmtpMailerOptions) {
    this.#options = options;
  }

  async send(mail: Mail, signal: AbortSignal): Promise<{ code: number; error?: string }> {
    let socket: Socket | undefined;
    const end = (): void => void socket?.destroy(reasonOf(signal));
    signal.addEventListener('abort', end);
    try {
      const { address } = this.#options.fence.choose(mail.server, await this.#resolve(mail.server));
      signal.throwIfAborted();
      socket = createConnection({ host: address, port: mail.port });
      await connected(socket);
      return { code: await this.#deliver(mail, socket) };
    } catch (error) {
      const why = signal.aborted ? reasonOf(signal) : (error as SmtpError);
      const code = signal.aborted ? 0 : ((error as SmtpError).responseCode ?? 0);
      return { code, error: why.message ?? 'the mail could not be sent' };
    } finally {
      signal.removeEventListener('abort', end);
      socket?.destroy();
    }
  }

  async #deliver(mail: Mail, connection: Socket): Promise<number> {
    // Loaded with the first mail.
    const { createTransport } = await import('nodemailer');
    const { server, port, auth, from, to, cc, bcc, subject, text, html } = mail;
    const transport = createTransport({
      connection,
      host: server,
      port,
      secure: port === IMPLICIT_TLS_PORT,
      requireTLS: auth !== undefined,
      ...(auth === undefined ? {} : { auth: { user: auth.user, pass: auth.password } }),
      tls: {
        ...(isIP(server) === 0 ? { servername: server } : {}),
        ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }),
      },
      ...{ connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS },
      // What the texts of a script name is text, and no file or address to be fetched.
      ...{ disableFileAccess: true, disableUrlAccess: true },
      // The greeting names nobody: the name of this machine is nobody's business (RFC 5321 §4.1.4 allows a literal).
      name: '[127.0.0.1]',
    });
    const sent = await transport.sendMail({
      ...{ from, subject, text, to: [...to], cc: [...cc], bcc: [...bcc] },
      ...(html === undefined ? {} : { html }),
    });
    return Number(/^\d{3}/.exec(sent.response)?.[0] ?? 250);
  }

  async #resolve(host: string): Promise<readonly ResolvedAddress[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    const resolve = this.#options.resolve ?? ((name: string) => lookup(name, { all: true, verbatim: true }));
    try {
      return await resolve(host);
    } catch {
      throw new Error(`the host ${host} is not known`);
    }
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the session is over');
}
