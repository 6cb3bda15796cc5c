import { afterEach, describe, expect, test } from 'vitest';
import { ERRORS, MasklineError } from '../../kernel/errors.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { SessionEnd, UacSession } from '../dialog/types.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, type SceneOptions, scene } from './test-support/scene.ts';
import { account, DOMAIN, trunk } from './test-support/settings.ts';
import type { OutboundInvite } from './types.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';
const service = PhoneNumber.parse('+74951234567');
const passenger = PhoneNumber.parse('+79121234567');

const toPassenger: OutboundInvite = {
  target: { kind: 'trunk', number: passenger },
  identity: { kind: 'number', number: service, displayName: '' },
  headers: [['X-Order', '7']],
  maxForwards: 69,
};

describe('a call that goes out', () => {
  let stage: Scene;

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  const hosts = { 'carrier.example': ['198.51.100.1', '198.51.100.2'] };

  async function start(options: SceneOptions = {}) {
    stage = await scene({ trunks: [trunk()], hosts, ...options });
    return { one: await stage.peer('198.51.100.1'), two: await stage.peer('198.51.100.2') };
  }

  function call(invite: OutboundInvite = toPassenger, sdpFor = async (_host: string) => OFFER) {
    const session = stage.agent.invite(invite, sdpFor);
    return { session, ...follow(session) };
  }

  const answers =
    (peer: RawPeer, ...statuses: number[]) =>
    (request: Parameters<NonNullable<RawPeer['onRequest']>>[0]) => {
      if (request.method !== 'INVITE') return;
      for (const status of statuses) {
        const fields: [string, string][] = status < 300 ? [['Contact', '<sip:callee@198.51.100.1>']] : [];
        peer.reply(request, status, { fields });
      }
    };

  test('[row 29] the INVITE holds the shown number, our Contact, a bare Call-ID, and nothing else of anybody', async () => {
    const { one } = await start();
    const hostsAsked: string[] = [];
    const { session } = call(toPassenger, async (host) => {
      hostsAsked.push(host);
      return OFFER;
    });
    expect(session.state).toBe('calling');
    await stage.clock.advance(10);
    const [invite] = one.got('INVITE');
    expect(invite?.uri).toBe('sip:+79121234567@carrier.example');
    expect(invite?.headers.get('From')).toMatch(/^<sip:\+74951234567@carrier.example>;tag=[0-9a-f]+$/);
    expect(invite?.headers.get('To')).toBe('<sip:+79121234567@carrier.example>');
    expect(invite?.headers.get('Contact')).toBe('<sip:maskline@192.0.2.1:5060>');
    expect(invite?.headers.get('Call-ID')).toMatch(/^[0-9a-f]{32}$/);
    expect(invite?.headers.get('Max-Forwards')).toBe('69');
    expect(invite?.headers.get('X-Order')).toBe('7');
    expect(invite?.headers.has('P-Asserted-Identity')).toBe(false);
    expect(invite?.headers.has('User-Agent')).toBe(false);
    expect(Buffer.from(invite?.body ?? []).toString()).toBe(OFFER);
    expect(hostsAsked).toEqual(['192.0.2.1']);
    one.onRequest = undefined;
    session.end();
    one.reply(invite!, 486);
    await stage.clock.advance(10);
  });

  test('[row 29] anonymous, towards a carrier that wants an asserted identity', async () => {
    const { one } = await start({ trunks: [trunk({ assertIdentity: true })] });
    one.onRequest = answers(one, 486);
    call({ ...toPassenger, identity: { kind: 'anonymous' } });
    await stage.clock.advance(10);
    const [invite] = one.got('INVITE');
    expect(invite?.headers.get('From')).toMatch(/^"Anonymous" <sip:anonymous@anonymous.invalid>;tag=/);
    expect(invite?.headers.getAll('Privacy')).toEqual(['id']);
    expect(invite?.headers.has('P-Asserted-Identity')).toBe(false);
    expect(one.texts.join()).not.toContain('4951234567');
  });

  test('[row 29] what the inbound leg said is nowhere in the outbound one', async () => {
    const inside = trunk({ name: 'inside', allowedSources: ['203.0.113.7'], prefixes: ['+1'] });
    const { one } = await start({ trunks: [trunk(), inside] });
    one.onRequest = answers(one, 486);
    const driver = await stage.peer('203.0.113.7');
    driver.ask({
      method: 'INVITE',
      uri: 'sip:+74951234567@192.0.2.1',
      from: '"Driver Ivan" <sip:+79990001122@203.0.113.7>',
      callId: 'secret-call-id',
      fields: [
        'P-Asserted-Identity: <tel:+79990001122>',
        'P-Preferred-Identity: <tel:+79990001122>',
        'Diversion: <sip:+79990001122@x>',
        'User-Agent: DriverPhone',
        'X-Real: +79990001122',
      ],
    });
    await stage.clock.advance(10);
    const [incoming] = stage.calls;
    call({ ...toPassenger, maxForwards: incoming!.maxForwards - 1 });
    await stage.clock.advance(10);
    expect(one.got('INVITE')).toHaveLength(1);
    for (const secret of ['9990001122', 'Ivan', 'DriverPhone', 'secret-call-id', '203.0.113.7', 'from-1']) {
      expect(one.texts.join()).not.toContain(secret);
    }
    incoming?.session.reject(480);
    await stage.clock.advance(10);
    expect(driver.texts.join()).not.toMatch(/9121234567|198\.51\.100|carrier\.example/);
  });

  test('headers outside the X- list do not leave, whoever passes them', async () => {
    const { one } = await start();
    one.onRequest = answers(one, 486);
    call({
      ...toPassenger,
      headers: [
        ['X-Ok', '1'],
        ['Remote-Party-ID', '<sip:1@x>'],
        ['From', '<sip:1@x>'],
      ],
    });
    await stage.clock.advance(10);
    const [invite] = one.got('INVITE');
    expect(invite?.headers.get('X-Ok')).toBe('1');
    expect(invite?.headers.has('Remote-Party-ID')).toBe(false);
    expect(invite?.headers.getAll('From')).toHaveLength(1);
  });

  test('[row 27] 407: the INVITE again with credentials, a new branch, a higher CSeq, the same Call-ID', async () => {
    const { one } = await start({
      trunks: [trunk({ outboundAuth: { username: 'us', password: 'secret' } })],
    });
    one.onRequest = (request) => {
      if (request.method !== 'INVITE') return;
      const authorized = request.headers.has('Proxy-Authorization');
      const challenge = 'Digest realm="carrier", nonce="abc", algorithm=SHA-256, qop="auth"';
      if (authorized) one.reply(request, 200, { fields: [['Contact', '<sip:c@198.51.100.1>']], body: OFFER });
      else one.reply(request, 407, { fields: [['Proxy-Authenticate', challenge]] });
    };
    const { session, seen } = call();
    await stage.clock.advance(20);
    expect(seen).toEqual(['accepted']);
    const [first, second] = one.got('INVITE');
    expect(second?.headers.get('Proxy-Authorization')).toMatch(/username="us".*nc=00000001/);
    expect(second?.headers.get('Call-ID')).toBe(first?.headers.get('Call-ID'));
    expect(second?.headers.get('Via')).not.toBe(first?.headers.get('Via'));
    const sequence = (text: string | undefined) => Number(text?.split(' ')[0]);
    expect(sequence(second?.headers.get('CSeq'))).toBe(sequence(first?.headers.get('CSeq')) + 1);
    session.end();
    await stage.clock.advance(10);
    // A proxy that asks for every request: the BYE is a new one, so its attempts count from zero.
    const again = 'Digest realm="carrier", nonce="def", algorithm=SHA-256, qop="auth"';
    one.reply(one.got('BYE')[0]!, 407, { fields: [['Proxy-Authenticate', again]] });
    await stage.clock.advance(10);
    expect(one.got('BYE')[1]?.headers.get('Proxy-Authorization')).toMatch(/nonce="def".*nc=00000001/);
    one.reply(one.got('BYE')[1]!, 200);
    await stage.clock.advance(10);
  });

  test('[row 27] a wrong password is tried once', async () => {
    const { one } = await start({ trunks: [trunk({ outboundAuth: { username: 'us', password: 'wrong' } })] });
    one.onRequest = (request) => {
      if (request.method !== 'INVITE') return;
      one.reply(request, 401, { fields: [['WWW-Authenticate', 'Digest realm="c", nonce="n", qop="auth"']] });
    };
    const { ends } = call();
    await stage.clock.advance(20);
    expect(one.got('INVITE')).toHaveLength(2);
    expect(ends).toMatchObject([{ status: 401, by: 'remote', retryable: false }]);
  });

  test('[row 22] 503 before anything rang: the next target; the ACK goes to the first', async () => {
    const { one, two } = await start();
    one.onRequest = answers(one, 100, 503);
    two.onRequest = answers(two, 180);
    const { session, seen } = call();
    await stage.clock.advance(20);
    expect(one.got('ACK')).toHaveLength(1);
    expect(two.got('INVITE')).toHaveLength(1);
    expect(two.got('INVITE')[0]?.headers.get('Call-ID')).not.toBe(
      one.got('INVITE')[0]?.headers.get('Call-ID'),
    );
    expect(seen).toEqual(['provisional 180']);
    expect(session.state).toBe('proceeding');
    session.end();
    await stage.clock.advance(10);
    two.reply(two.got('CANCEL')[0]!, 200);
    two.reply(two.got('INVITE')[0]!, 487);
    await stage.clock.advance(10);
  });

  test('[row 22] a target that failed is tried last for half a minute, and first again afterwards', async () => {
    const { one, two } = await start();
    one.onRequest = answers(one, 503);
    two.onRequest = answers(two, 486);
    for (const [pause, asked] of [
      [0, 1],
      [1_000, 1],
      [30_000, 2],
    ] as const) {
      await stage.clock.advance(pause);
      call();
      await stage.clock.advance(40);
      expect(one.got('INVITE')).toHaveLength(asked);
    }
    expect(two.got('INVITE')).toHaveLength(3);
  });

  test('[row 8] a phone behind NAT that registered over TCP is rung on its own connection', async () => {
    await start({ users: [account('bob', 'p')] });
    const phone = await tcpPhone(stage, '203.0.113.50');
    await stage.locations.put({
      userId: 'user-bob',
      contact: 'sip:bob@10.0.0.5:5060;transport=tcp',
      source: { transport: 'tcp', ...phone.connection.local },
      callId: 'r',
      cseq: 1,
      expiresAt: stage.clock.now() + 60_000,
      q: 1,
    });
    const { session, ends } = call({ ...toPassenger, target: { kind: 'user', username: 'bob' } });
    await stage.clock.advance(10);
    expect(phone.text()).toMatch(/^INVITE sip:bob@10\.0\.0\.5:5060;transport=tcp SIP\/2\.0\r\n/);
    expect(phone.text()).toContain('Contact: <sip:maskline@192.0.2.1:5060;transport=tcp>');
    phone.connection.close();
    await stage.clock.advance(10);
    // Row 25: at once. There is no other phone, and a closed connection cannot be called back to.
    expect(ends).toMatchObject([{ by: 'fault', answered: false }]);
    expect(session.state).toBe('ended');
  });

  test.each([
    ['503 after 180', [180, 503], 503],
    ['486', [486], 486],
    ['500', [500], 500],
    ['603', [100, 603], 603],
  ])('[row 39] %s does not ring a second time', async (_, statuses, status) => {
    const { one, two } = await start();
    one.onRequest = answers(one, ...statuses);
    const { ends } = call();
    await stage.clock.advance(40);
    expect(two.got('INVITE')).toEqual([]);
    expect(ends).toMatchObject([{ by: 'remote', answered: false, status }]);
    if (statuses.includes(180)) expect(ends[0]?.retryable).toBe(false);
  });

  test('[row 39] no answer after 100 is not tried elsewhere; no answer at all is', async () => {
    const { one, two } = await start();
    one.onRequest = answers(one, 100);
    const reached = call();
    await stage.clock.advance(1_000_000);
    expect(reached.ends).toMatchObject([{ by: 'fault', retryable: false }]);
    expect(two.got('INVITE')).toEqual([]);
    one.onRequest = undefined;
    two.onRequest = answers(two, 486);
    const silent = call();
    await stage.clock.advance(33_000);
    expect(two.got('INVITE')).toHaveLength(1);
    expect(silent.ends).toMatchObject([{ status: 486 }]);
  });

  test('[row 22] a second trunk of the same prefix stands in for the first; all down is 503', async () => {
    const first = trunk({ name: 'a', host: '198.51.100.1', priority: 1 });
    const second = trunk({ name: 'b', host: '198.51.100.2', priority: 2, numberFormat: 'e164-without-plus' });
    const { one, two } = await start({ trunks: [second, first] });
    one.onRequest = answers(one, 503);
    two.onRequest = answers(two, 503);
    const { ends } = call();
    await stage.clock.advance(40);
    expect(two.got('INVITE')[0]?.uri).toBe('sip:79121234567@198.51.100.2');
    expect(ends).toMatchObject([{ status: 503, by: 'remote' }]);
  });

  test('end() while a target is being looked up: nothing is ever sent', async () => {
    const { one } = await start();
    const { session, ends } = call(toPassenger, () => new Promise(() => {}));
    await stage.clock.advance(10);
    session.end();
    expect(ends).toMatchObject([{ by: 'local', status: 487, answered: false }]);
    await stage.clock.advance(1000);
    expect(one.texts).toEqual([]);
    expect(session.state).toBe('ended');
  });

  test('end() while the offer is made late: the late offer changes nothing', async () => {
    const { one } = await start();
    let offer = (_: string): void => {};
    const { session, ends } = call(toPassenger, () => new Promise((resolve) => (offer = resolve)));
    await stage.clock.advance(10);
    session.end();
    offer(OFFER);
    await stage.clock.advance(1000);
    expect(one.texts).toEqual([]);
    expect(ends).toHaveLength(1);
  });

  test('no media: the call ends with the status of that error', async () => {
    await start();
    const { ends } = call(toPassenger, () => Promise.reject(new MasklineError('media/busy')));
    await stage.clock.advance(10);
    expect(ends).toMatchObject([{ by: 'fault', status: 503 }]);
  });

  test.each([
    ['no trunk', { kind: 'trunk', number: PhoneNumber.parse('+12125550100') }, 503],
    ['unknown account', { kind: 'user', username: 'eve' }, 404],
    ['nobody registered', { kind: 'user', username: 'bob' }, 480],
    ['unknown host', { kind: 'uri', uri: 'sip:x@nowhere.example' }, 503],
    ['secure scheme, and nobody speaks TLS', { kind: 'uri', uri: 'sips:x@198.51.100.1' }, 503],
    ['another scheme', { kind: 'uri', uri: 'mailto:x@y' }, 416],
    ['nonsense', { kind: 'uri', uri: 'nonsense' }, 484],
  ] as const)('nowhere to go: %s', async (_, target, status) => {
    await start({ trunks: [trunk({ prefixes: ['+7'] })], users: [account('bob', 'p')] });
    const { ends } = call({ ...toPassenger, target });
    expect(ends).toEqual([]);
    await stage.clock.advance(10);
    expect(ends).toMatchObject([{ by: 'fault', answered: false, status }]);
  });

  async function registered(peer: RawPeer, contact: string) {
    await stage.locations.put({
      userId: 'user-bob',
      contact,
      source: { transport: 'udp', ...peer.address },
      callId: 'r',
      cseq: 1,
      expiresAt: stage.clock.now() + 60_000,
      q: 1,
    });
  }

  test.each([
    ['by name', { kind: 'user', username: 'bob' }],
    ['by its number', { kind: 'trunk', number: passenger }],
    ['by a URI of our domain', { kind: 'uri', uri: `sip:bob@${DOMAIN}` }],
    ['by a tel: URI', { kind: 'uri', uri: 'tel:+7-912-123-45-67' }],
  ] as const)(
    '[row 24] rings the phone of an account %s, where its REGISTER came from',
    async (_, target) => {
      const { two } = await start({ users: [account('bob', 'p', { number: passenger })] });
      await registered(two, 'sip:bob@10.0.0.5:5060;line=1');
      two.onRequest = answers(two, 486);
      call({ ...toPassenger, target });
      await stage.clock.advance(10);
      const [invite] = two.got('INVITE');
      expect(invite?.uri).toBe('sip:bob@10.0.0.5:5060;line=1');
      expect(invite?.headers.get('To')).toBe(`<sip:bob@${DOMAIN}>`);
      expect(invite?.headers.get('From')).toContain(`<sip:+74951234567@${DOMAIN}>`);
    },
  );

  test('a URI is called without the parts that a Request-URI may not hold', async () => {
    const { one } = await start();
    one.onRequest = answers(one, 486);
    call({ ...toPassenger, target: { kind: 'uri', uri: 'sip:x:pw@198.51.100.1;method=BYE;a=b?From=evil' } });
    await stage.clock.advance(10);
    expect(one.got('INVITE')[0]?.uri).toBe('sip:x@198.51.100.1;a=b');
    expect(one.texts.join()).not.toMatch(/evil|pw/);
  });

  test('[row 44] a call that would come back to this server is not begun; one with no hops left neither', async () => {
    await start();
    let sent = 0;
    stage.network.tap(() => {
      sent += 1;
    });
    const loop = call({ ...toPassenger, target: { kind: 'uri', uri: 'sip:x@192.0.2.1' } });
    const spent = call({ ...toPassenger, maxForwards: 0 });
    await stage.clock.advance(10);
    expect(loop.ends).toMatchObject([{ status: 482, reason: ERRORS['call/looped'].title }]);
    expect(spent.ends).toMatchObject([{ status: 483, reason: ERRORS['call/too-many-hops'].title }]);
    expect(sent).toBe(0);
  });

  test('[row 44] our own INVITE that the network leads back to us is 482', async () => {
    const { one } = await start({ trunks: [trunk({ allowedSources: ['198.51.100.1'] })] });
    call();
    await stage.clock.advance(10);
    const [invite] = one.got('INVITE');
    const via = 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-proxy';
    invite?.headers.prepend('Via', via);
    one.send(invite!);
    await stage.clock.advance(10);
    expect(one.finals).toEqual([482]);
    expect(stage.calls).toEqual([]);
    invite?.headers.replaceFirst('Via', invite.headers.getAll('Via')[1]!);
    one.reply(one.got('INVITE')[0]!, 482);
    await stage.clock.advance(40_000);
  });
});

async function tcpPhone(stage: Scene, host: string) {
  let received = '';
  const connection = await connect(stage, host, (bytes) => {
    received += Buffer.from(bytes).toString();
  });
  return { connection, text: () => received };
}

async function connect(stage: Scene, host: string, onData: (bytes: Uint8Array) => void) {
  const handlers = { onData, onClose: () => {} };
  const connecting = stage.network
    .host(host)
    .connectStream({ host: '192.0.2.1', port: 5060 }, handlers, 1_000);
  await stage.clock.advance(10);
  return connecting;
}

function follow(session: UacSession): { seen: string[]; ends: SessionEnd[] } {
  const seen: string[] = [];
  const ends: SessionEnd[] = [];
  session.events.on('provisional', ({ status }) => seen.push(`provisional ${status}`));
  session.events.on('accepted', () => seen.push('accepted'));
  session.events.on('ended', (end) => ends.push(end));
  return { seen, ends };
}
