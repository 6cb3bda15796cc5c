import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, dots taken back (RFC 5321 §4.5.2). */
  readonly data: string;
  readonly secure: boolean;
  readonly user: string | undefined;
}

export interface SmtpDoubleOptions {
  /** PEM; without it there is no STARTTLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** user → password; then nobody gets in without. */
  readonly users?: Readonly<Record<string, string>>;
  /** Recipients that are refused with 550. */
  readonly unknown?: readonly string[];
  /** Takes the connection and says nothing. */
  readonly silent?: boolean;
}

/**
 * An SMTP server (RFC 5321, RFC 3207, RFC 4954) that takes nothing that is not exactly in order: a bare CR or LF, a
 * command too early, two commands at once after STARTTLS end the connection and are noted as faults.
 */
export class SmtpDouble {
  readonly mails: TakenMail[] = [];
  readonly faults: string[] = [];
  /** Every line of every client, passwords included. */
  readonly lines: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: SmtpDoubleOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
      if (options.silent !== true) new Dialogue(this, options, socket);
    });
  }

  static async start(options: SmtpDoubleOptions = {}): Promise<SmtpDouble> {
    const double = new SmtpDouble(options);
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Dialogue {
  readonly #double: SmtpDouble;
  readonly #options: SmtpDoubleOptions;
  #socket: Socket;
  #rest = '';
  #greeted = false;
  #secure = false;
  #user: string | undefined;
  #from: string | undefined;
  #to: string[] = [];
  #data: string[] | undefined;

  constructor(double: SmtpDouble, options: SmtpDoubleOptions, socket: Socket) {
    this.#double = double;
    this.#options = options;
    this.#socket = socket;
    this.#listen();
    this.#say('220 double ESMTP');
  }

  #listen(): void {
    this.#socket.setEncoding('utf8').on('data', (chunk) => this.#take(String(chunk)));
  }

  #encrypt(): void {
    const { certificate = '', key = '' } = this.#options.tls ?? {};
    this.#socket.removeAllListeners('data');
    const secureContext = createSecureContext({ cert: certificate, key });
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext });
    this.#socket.on('error', () => {});
    this.#secure = true;
    this.#listen();
  }

  #say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  #fault(what: string): void {
    this.#double.faults.push(what);
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#rest += chunk;
    if (/[^\r]\n|\r[^\n]/.test(this.#rest)) this.#fault('a bare CR or LF');
    for (let end = this.#rest.indexOf('\r\n'); end >= 0; end = this.#rest.indexOf('\r\n')) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      this.#double.lines.push(line);
      if (this.#data === undefined) this.#command(line);
      else if (line !== '.') this.#data.push(line.startsWith('.') ? line.slice(1) : line);
      else this.#taken(this.#data.join('\r\n'));
    }
  }

  #command(line: string): void {
    const [verb = '', ...rest] = line.split(' ');
    const { tls, users, unknown = [] } = this.#options;
    switch (verb.toUpperCase()) {
      case 'EHLO':
        this.#greeted = true;
        for (const extension of [
          'double',
          ...(tls && !this.#secure ? ['STARTTLS'] : []),
          ...(users ? ['AUTH PLAIN'] : []),
        ])
          this.#say(`250-${extension}`);
        this.#say('250 8BITMIME');
        return;
      case 'STARTTLS':
        if (tls === undefined || this.#secure) {
          this.#say('502 5.5.1 no');
          return;
        }
        if (this.#rest !== '') {
          this.#fault('more after STARTTLS');
          return;
        }
        this.#say('220 go');
        this.#greeted = false;
        this.#encrypt();
        return;
      case 'AUTH': {
        const [, user = '', password = ''] = Buffer.from(rest[1] ?? '', 'base64')
          .toString()
          .split('\0');
        if (!this.#secure) this.#double.faults.push('a password in plain text');
        if (users?.[user] !== password) {
          this.#say('535 5.7.8 no');
          return;
        }
        this.#user = user;
        this.#say('235 yes');
        return;
      }
      case 'MAIL':
        if (!this.#greeted) {
          this.#fault('MAIL before EHLO');
          return;
        }
        if (users !== undefined && this.#user === undefined) {
          this.#say('530 5.7.0 log in');
          return;
        }
        this.#from = /^FROM:<([^>]*)>/i.exec(rest.join(' '))?.[1] ?? '';
        this.#say('250 ok');
        return;
      case 'RCPT': {
        if (this.#from === undefined) {
          this.#fault('RCPT before MAIL');
          return;
        }
        const to = /^TO:<([^>]*)>$/i.exec(rest.join(' '))?.[1] ?? '';
        if (unknown.includes(to)) {
          this.#say('550 5.1.1 nobody here');
          return;
        }
        this.#to.push(to);
        this.#say('250 ok');
        return;
      }
      case 'DATA':
        if (this.#to.length === 0) {
          this.#say('503 nobody');
          return;
        }
        this.#data = [];
        this.#say('354 go');
        return;
      case 'QUIT':
        this.#say('221 bye');
        this.#socket.end();
        return;
      case 'RSET':
        this.#say('250 ok');
        return;
      default:
        this.#fault(`unknown: ${verb}`);
        return;
    }
  }

  #taken(data: string): void {
    this.#double.mails.push({
      from: this.#from ?? '',
      to: this.#to,
      data,
      secure: this.#secure,
      user: this.#user,
    });
    this.#data = undefined;
    this.#to = [];
    this.#say('250 2.0.0 taken');
  }
}
