import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../test/kit/certificates.ts';
import { NetFence } from './http/net-fence.ts';
import { SmtpMailer } from './mail/smtp-mailer.ts';
import { BadCommand, parseCommand } from './parse-command.ts';
import type { Mail, Mailer } from './ports.ts';
import { AT, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';
import { SmtpDouble, type SmtpDoubleOptions } from './test-support/smtp-double.ts';

const authority = createAuthority();
const tls = authority.issue('DNS:mail.example.com');
afterAll(() => authority.close());

const MAIL: Mail = {
  ...{ server: 'mail.example.com', port: 0, auth: undefined, from: 'Taxi <taxi@example.com>' },
  ...{
    to: ['ann@example.org'],
    cc: [],
    bcc: [],
    subject: 'Order 7',
    text: 'Your driver.\n.\nBye',
    html: undefined,
  },
};

describe('SMTP', () => {
  const doubles: SmtpDouble[] = [];
  afterEach(async () => {
    for (const double of doubles.splice(0)) {
      expect(double.faults).toEqual([]);
      await double.close();
    }
  });
  const start = async (options?: SmtpDoubleOptions): Promise<SmtpDouble> => {
    const double = await SmtpDouble.start(options);
    doubles.push(double);
    return double;
  };
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const mailer = new SmtpMailer({ fence: new NetFence(['127.0.0.0/8']), resolve, ca: authority.ca });
  const never = new AbortController().signal;

  it('delivers in plain where there is no TLS; people in bcc are in the envelope alone', async () => {
    const double = await start();
    const mail = {
      ...MAIL,
      port: double.port,
      cc: ['Bob <bob@example.org>'],
      bcc: ['eve@example.org'],
      html: '<b>ё</b>',
    };
    expect(await mailer.send(mail, never)).toEqual({ code: 250 });
    const [taken] = double.mails;
    expect(taken).toMatchObject({
      ...{ from: 'taxi@example.com', secure: false, user: undefined },
      to: ['ann@example.org', 'bob@example.org', 'eve@example.org'],
    });
    expect(taken?.data).toMatch(/^Subject: Order 7$/m);
    expect(taken?.data).toMatch(/^Cc: Bob <bob@example.org>$/m);
    expect(taken?.data).toMatch(/multipart\/alternative/);
    expect(taken?.data).toMatch(/^\.$/m);
    expect(taken?.data).not.toMatch(/eve@/);
    expect(double.lines[0]).toBe('EHLO [127.0.0.1]');
    await expect.poll(() => double.connections).toBe(0);
  });

  it('takes STARTTLS (RFC 3207) where it is offered, and logs in behind it', async () => {
    const double = await start({ tls, users: { taxi: 'secret' } });
    const mail = { ...MAIL, port: double.port, subject: 'Такси' };
    const send = (password: string) => mailer.send({ ...mail, auth: { user: 'taxi', password } }, never);
    expect(await send('secret')).toEqual({ code: 250 });
    expect(double.mails).toMatchObject([{ secure: true, user: 'taxi' }]);
    expect(double.mails[0]?.data).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(await send('wrong')).toMatchObject({ code: 535 });
    expect(await mailer.send(mail, never)).toMatchObject({ code: 530 });
  });

  it('sends no password in plain, and trusts no certificate of another name', async () => {
    const plain = await start({ users: { taxi: 'secret' } });
    const auth = { user: 'taxi', password: 'secret' };
    const refused = await mailer.send({ ...MAIL, port: plain.port, auth }, never);
    expect(refused).toMatchObject({ error: expect.stringMatching(/STARTTLS|TLS/) });
    expect(plain.lines.join()).not.toMatch(/AUTH/);
    const stranger = await start({
      tls: authority.issue('DNS:other.example.com'),
      users: { taxi: 'secret' },
    });
    expect(await mailer.send({ ...MAIL, port: stranger.port, auth }, never)).toMatchObject({
      code: 0,
      error: expect.stringMatching(/altnames|certificate/i),
    });
    expect(stranger.mails).toEqual([]);
  });

  it('tells what the server says, and what the fence says', async () => {
    const double = await start({ unknown: ['ann@example.org'] });
    expect(await mailer.send({ ...MAIL, port: double.port }, never)).toMatchObject({ code: 550 });
    const gone = await SmtpDouble.start();
    const { port } = gone;
    await gone.close();
    expect(await mailer.send({ ...MAIL, port }, never)).toMatchObject({
      code: 0,
      error: expect.stringMatching('REFUSED'),
    });
    const fenced = new SmtpMailer({ fence: new NetFence(), resolve });
    for (const server of ['mail.example.com', '127.0.0.1', '::ffff:10.0.0.1'])
      expect(await fenced.send({ ...MAIL, server, port: double.port }, never)).toMatchObject({
        code: 0,
        error: expect.stringMatching('private address'),
      });
    const unknown = new SmtpMailer({
      fence: new NetFence(),
      resolve: () => Promise.reject(new Error('ENOTFOUND')),
    });
    expect((await unknown.send(MAIL, never)).error).toBe('the host mail.example.com is not known');
  });

  it('is given up when it is told to, whatever the server does', async () => {
    const double = await start({ silent: true });
    const controller = new AbortController();
    const sending = mailer.send({ ...MAIL, port: double.port }, controller.signal);
    await expect.poll(() => double.connections).toBe(1);
    controller.abort(new Error('too late'));
    expect(await sending).toEqual({ code: 0, error: 'too late' });
    await expect.poll(() => double.connections).toBe(0);
    expect(await mailer.send({ ...MAIL, port: double.port }, controller.signal)).toMatchObject({ code: 0 });
  });
});

describe('Net.sendMail (voximplant.com/docs/references/voxengine/net/sendmail)', () => {
  it('by callback and by promise, addresses as text or list, ports by login', async () => {
    const { runtime, turn } = await loadScript(`
      Net.sendMail('smtp.example.com', 'a@b.c', 'd@e.f, g@h.i', 'Title', 'Body', r => Logger.write('one ' + JSON.stringify(r)), { login: 'l', password: 'p', html: '<p>', cc: 'j@k.l', bcc: ['m@n.o'] });
      Net.sendMailAsync('smtp.example.com', 'A <a@b.c>', ['d@e.f'], 'Title', 'Body').then(r => Logger.write('two ' + JSON.stringify(r)));
      Net.sendMail('smtp.example.com', 'a@b.c', 'd@e.f', 'T', 'B', null, { port: 2525 });`);
    const plain = {
      type: 'mail-send',
      login: undefined,
      password: undefined,
      html: undefined,
      cc: [],
      bcc: [],
    };
    expect(commandsOf(turn)).toEqual([
      {
        ...{
          type: 'mail-send',
          requestId: 1,
          server: 'smtp.example.com',
          port: 587,
          login: 'l',
          password: 'p',
        },
        ...{ from: 'a@b.c', to: ['d@e.f', 'g@h.i'], cc: ['j@k.l'], bcc: ['m@n.o'] },
        ...{ subject: 'Title', text: 'Body', html: '<p>' },
      },
      {
        ...{ ...plain, requestId: 2, server: 'smtp.example.com', port: 25, from: 'A <a@b.c>', to: ['d@e.f'] },
        ...{ subject: 'Title', text: 'Body' },
      },
      expect.objectContaining({ requestId: 3, port: 2525 }),
    ]);
    const tell = (requestId: number, code: number, error?: string) =>
      logsOf(
        runtime.dispatch({
          type: 'mail-answer',
          at: AT,
          requestId,
          code,
          ...(error === undefined ? {} : { error }),
        }),
      );
    expect(tell(1, 250)).toEqual(['one {"code":250}']);
    expect(tell(2, 550, 'nobody here')).toEqual(['two {"code":550,"error":"nobody here"}']);
    expect(tell(3, 250)).toEqual([]);
  });

  it('header injection and what is too much end in the result, and the session goes on', async () => {
    const { turn } = await loadScript(`
      const send = (change) => { const m = { server: 's', from: 'a@b.c', to: 'd@e.f', title: 'T', body: 'B', ...change };
        return Net.sendMailAsync(m.server, m.from, m.to, m.title, m.body, m.options).then(r => Logger.write(r.code + ' ' + r.error)); };
      (async () => { for (const bad of [{ title: 'T\\r\\nBcc: x@y.z' }, { title: 'T\\u2028' }, { from: 'a@b.c\\nX: 1' }, { to: ['a@b.c\\r\\nRCPT TO:<x@y.z>'] }, { options: { login: 'a\\0b' } },
        { server: 's\\r\\n' , to: 'x' }, { body: 'a\\0' }, { to: '' }, { to: Array(51).fill('a@b.c') }, { title: 'x'.repeat(999) }, { body: 'x'.repeat(300000) },
        { options: { port: 70000 } }, { from: 'nobody' }, { from: '<a@b.c' }, { server: '' }, { to: ['a@b.c>, <x@y.z'] }]) await send(bad); })();`);
    const line = '0 a line break or another control where only a line may stand';
    expect(logsOf(turn)).toEqual([
      ...Array(5).fill(line),
      '0 an address has a wrong form',
      '0 the body holds a NUL',
      '0 a mail has 1 to 50 recipients',
      '0 a mail has 1 to 50 recipients',
      '0 the title is longer than 998 characters',
      '0 the body is longer than 262144 characters',
      '0 the port is no number from 1 to 65535',
      '0 an address has a wrong form',
      '0 an address has a wrong form',
      '0 the server is missing or too long',
      '0 an address has a wrong form',
    ]);
    expect(commandsOf(turn).every(({ type }) => type === 'log')).toBe(true);
    const good = { ...MAIL, type: 'mail-send', requestId: 1, port: 25, auth: undefined };
    expect(parseCommand(JSON.stringify(good))).toMatchObject({ type: 'mail-send' });
    for (const bad of [
      { subject: 'a\r\nb' },
      { from: 'a@b.c\n' },
      { to: ['a@b.c', 'd@e.f\u0000'] },
      { to: 'a@b.c' },
      { cc: Array(51).fill('a@b.c') },
      { to: [] },
      { text: 'a\u0000' },
      { html: 5 },
      { server: 'a\tb' },
      { login: 'x'.repeat(300) },
      { port: 0 },
    ])
      expect(() => parseCommand(JSON.stringify({ ...good, ...bad })), JSON.stringify(bad)).toThrow(
        BadCommand,
      );
  });

  it('a session sends two at a time and ten in all, gives up in time, and leaves nothing', async () => {
    const sent: { mail: Mail; signal: AbortSignal; done: (code: number) => void }[] = [];
    const mailer: Mailer = {
      send: (mail, signal) =>
        new Promise((resolve) => {
          sent.push({ mail, signal, done: (code) => resolve({ code }) });
          signal.addEventListener('abort', () =>
            resolve({ code: 0, error: String((signal.reason as Error).message) }),
          );
        }),
    };
    const kit = await SessionKit.create({ mails: 11 }, { mailer });
    await kit.start(`const say = (i) => (r) => Logger.write(i + ' ' + r.code + ' ' + (r.error || ''));
      for (let i = 0; i < 11; i++) Net.sendMail('mail.example.com', 'a@b.c', 'ann@example.org', 'T' + i, 'B', say(i));
      setTimeout(() => { Net.sendMail('mail.example.com', 'a@b.c', 'd@e.f', 'T', 'B', say('later')); Net.sendMail('mail.example.com', 'a@b.c', 'd@e.f', 'T', 'B', say('last')); VoxEngine.terminate(); }, 1000);`);
    expect(sent.map(({ mail }) => mail.subject)).toEqual(['T0', 'T1']);
    sent[0]?.done(250);
    await turns();
    expect(sent).toHaveLength(3);
    expect(kit.logs).toContain('10 0 more than 10 mails wait to be sent');
    expect(kit.logs).toContain('0 250 ');
    await kit.advance(1000);
    // Nothing is begun any more once the script has terminated; what runs is given a few seconds.
    expect(sent).toHaveLength(3);
    await kit.advance(10_000);
    expect(sent.every(({ signal }, i) => i === 0 || signal.aborted)).toBe(true);
    await kit.service.close(0);
    kit.expectNothingLeft();
    expect(kit.serverLog.join()).not.toMatch(/ann@|a@b\.c/);

    const slow = await SessionKit.create({}, { mailer });
    await slow.start(`Net.sendMailAsync('mail.example.com', 'a@b.c', 'd@e.f', 'T', 'B').then(r => { Logger.write(r.code + ' ' + r.error); VoxEngine.terminate(); });
      VoxEngine.callPSTN('+79120000002', '+74950000001');`);
    await slow.advance(59_000);
    await slow.advance(1_000);
    expect(slow.logs).toContain('0 the mail server did not take it within 60 s');
    await slow.service.close(0);
    slow.expectNothingLeft();
  });
});
