import { afterEach, describe, expect, test } from 'vitest';
import { response } from '../message/build.ts';
import { cseq } from '../message/fields.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { parseMessage } from '../message/parse.ts';
import { serialize } from '../message/serialize.ts';
import type { SipRequest } from '../message/types.ts';
import { formatUri } from '../message/uri.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';
import type { TrunkSettings } from './types.ts';

const PROVIDER = '198.51.100.1';

const provider = trunk({
  host: 'provider.example',
  register: true,
  outboundAuth: { username: 'taxi', password: 'secret' },
});

const challenge = (nonce: string, stale = ''): [string, string] => [
  'WWW-Authenticate',
  `Digest realm="provider", nonce="${nonce}", algorithm=SHA-256, qop="auth"${stale}`,
];

const fresh = (request: SipRequest, nonce: string): boolean =>
  request.headers.get('Authorization')?.includes(`nonce="${nonce}"`) ?? false;

describe('our registration at a provider', () => {
  let stage: Scene;
  let registrar: RawPeer;

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start(
    answer: (request: SipRequest, count: number) => void,
    settings: TrunkSettings = provider,
  ) {
    stage = await scene({
      trunks: [settings],
      hosts: { 'provider.example': [PROVIDER] },
      settings: { registrationExpires: 600 },
    });
    registrar = await stage.peer(PROVIDER);
    let count = 0;
    registrar.onRequest = (request) => answer(request, ++count);
    stage.agent.start();
    await stage.clock.advance(20);
  }

  const accept = (request: SipRequest, expires: number, status = 200): void => {
    const contact = request.headers.get('Contact') ?? '';
    registrar.reply(request, status, {
      fields: [
        ['Contact', `<sip:other@192.0.2.99>;expires=9999`],
        ['Contact', `${contact};expires=${expires}`],
      ],
    });
  };

  const withPassword =
    (expires: number, nonce = 'n1') =>
    (request: SipRequest) => {
      if (fresh(request, nonce)) accept(request, expires);
      else registrar.reply(request, 401, { fields: [challenge(nonce)] });
    };

  test('[RFC 3665 §2.1] challenged, then registered', async () => {
    await start(withPassword(600));
    const [first, second] = registrar.got('REGISTER');
    expect(first?.uri).toBe('sip:provider.example');
    expect(first?.headers.get('To')).toBe('<sip:taxi@provider.example>');
    expect(first?.headers.get('Contact')).toMatch(/^<sip:[0-9a-f]{24}@192\.0\.2\.1:5060>$/);
    expect(first?.headers.get('Expires')).toBe('600');
    expect(second?.headers.get('Call-ID')).toBe(first?.headers.get('Call-ID'));
    expect(cseq(second!).sequence).toBe(cseq(first!).sequence + 1);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({ registered: true, lastError: undefined });
  });

  test('[row 27] refreshed at about half, with the kept nonce and the next nc, in one round trip', async () => {
    await start(withPassword(600));
    await stage.clock.advance(269_000);
    expect(registrar.got('REGISTER')).toHaveLength(2);
    await stage.clock.advance(32_000);
    expect(registrar.got('REGISTER')).toHaveLength(3);
    expect(registrar.got('REGISTER')[2]?.headers.get('Authorization')).toContain('nc=00000002');
    await stage.clock.advance(3_600_000);
    expect(stage.agent.trunkStatus('carrier').registered).toBe(true);
  });

  test('what the registrar grants counts, not what was asked', async () => {
    await start(withPassword(60));
    await stage.clock.advance(31_000);
    expect(registrar.got('REGISTER')).toHaveLength(3);
  });

  test('[row 27] a nonce that has aged meanwhile costs one more round trip and nothing else', async () => {
    let nonce = 'n1';
    await start((request) => {
      if (fresh(request, nonce)) accept(request, 600);
      else registrar.reply(request, 401, { fields: [challenge(nonce, ', stale=true')] });
    });
    nonce = 'n2';
    await stage.clock.advance(301_000);
    expect(registrar.got('REGISTER')).toHaveLength(4);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({ registered: true, lastError: undefined });
  });

  test('[RFC 3261 §8.1.3.5] [RFC 3261 §10.2.8] 423: asks again for as long as the registrar wants', async () => {
    await start((request) => {
      const asked = Number(request.headers.get('Expires'));
      if (asked < 1800) registrar.reply(request, 423, { fields: [['Min-Expires', '1800']] });
      else accept(request, asked);
    });
    expect(registrar.got('REGISTER').map(({ headers }) => headers.get('Expires'))).toEqual(['600', '1800']);
    expect(stage.agent.trunkStatus('carrier').registered).toBe(true);
  });

  test('a wrong password: tried once, said in the status, and then only every few minutes', async () => {
    await start((request) => registrar.reply(request, 401, { fields: [challenge('n1')] }));
    expect(registrar.got('REGISTER')).toHaveLength(2);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({
      registered: false,
      lastError: 'the credentials were refused',
    });
    await stage.clock.advance(149_000);
    expect(registrar.got('REGISTER')).toHaveLength(2);
    await stage.clock.advance(152_000);
    expect(registrar.got('REGISTER').length).toBeGreaterThan(2);
  });

  test('a registrar that is down is asked ever more seldom, and found again', async () => {
    const times: number[] = [];
    let down = true;
    await start((request) => {
      times.push(stage.clock.monotonic());
      if (down) registrar.reply(request, 503);
      else accept(request, 600);
    });
    await stage.clock.advance(3_600_000);
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(gaps[0]).toBeGreaterThanOrEqual(2_500);
    expect(gaps[0]).toBeLessThanOrEqual(5_010);
    expect(Math.max(...gaps)).toBeGreaterThan(140_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(300_010);
    expect(new Set(gaps.slice(-4)).size).toBeGreaterThan(1);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({
      registered: false,
      lastError: 'the registrar answered 503',
    });
    down = false;
    await stage.clock.advance(301_000);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({ registered: true, lastError: undefined });
  });

  test('Retry-After is waited for', async () => {
    await start((request) => registrar.reply(request, 503, { fields: [['Retry-After', '1000 (busy)']] }));
    await stage.clock.advance(999_000);
    expect(registrar.got('REGISTER')).toHaveLength(1);
    await stage.clock.advance(2_000);
    expect(registrar.got('REGISTER')).toHaveLength(2);
  });

  test('no answer at all: unregistered when the time is over, and not before', async () => {
    let silent = false;
    await start((request) => {
      if (!silent) accept(request, 600);
    });
    silent = true;
    await stage.clock.advance(400_000);
    expect(stage.agent.trunkStatus('carrier')).toMatchObject({ registered: true, lastError: 'no answer' });
    await stage.clock.advance(201_000);
    expect(stage.agent.trunkStatus('carrier').registered).toBe(false);
  });

  test('[RFC 3665 §2.4] taken back at the end, with credentials', async () => {
    await start(withPassword(600));
    const closing = stage.agent.close();
    await stage.clock.advance(20);
    await closing;
    const last = registrar.got('REGISTER').at(-1);
    expect(last?.headers.get('Expires')).toBe('0');
    expect(last?.headers.get('Authorization')).toContain('nc=00000002');
    expect(stage.agent.trunkStatus('carrier').registered).toBe(false);
  });

  test('a registrar that does not answer holds the end up for two seconds at most', async () => {
    let silent = false;
    await start((request) => {
      if (!silent) accept(request, 600);
    });
    silent = true;
    let closed = false;
    const closing = stage.agent.close().then(() => {
      closed = true;
    });
    await stage.clock.advance(1_990);
    expect(closed).toBe(false);
    await stage.clock.advance(20);
    expect(closed).toBe(true);
    await closing;
  });

  test('a trunk that leaves the directory is unregistered; one whose prefixes change stays', async () => {
    await start(withPassword(600));
    stage.trunks[0] = { ...provider, prefixes: ['+7'] };
    stage.agent.trunksChanged();
    await stage.clock.advance(20);
    expect(registrar.got('REGISTER')).toHaveLength(2);
    stage.trunks.length = 0;
    stage.agent.trunksChanged();
    await stage.clock.advance(20);
    expect(registrar.got('REGISTER').at(-1)?.headers.get('Expires')).toBe('0');
    expect(stage.agent.trunkStatus('carrier').lastError).toContain('no such trunk');
  });

  test('a call to the Contact that only the provider knows is of the provider, from whichever address', async () => {
    await start(withPassword(600));
    const contact = formatUri(parseNameAddr(registrar.got('REGISTER')[0]!.headers.get('Contact')!).uri);
    const media = await stage.peer('198.51.100.77');
    media.ask({ method: 'INVITE', uri: contact, to: '<sip:+74951234567@provider.example>' });
    media.ask({ method: 'INVITE', uri: 'sip:taxi@192.0.2.1' });
    await stage.clock.advance(10);
    expect(stage.calls).toHaveLength(1);
    expect(stage.calls[0]?.peer).toMatchObject({ kind: 'trunk', trunk: { id: 'carrier' } });
    expect(stage.calls[0]?.dialled.reveal('leak-scan')).toBe('+74951234567');
    expect(media.finals).toEqual([401]);
    stage.calls[0]?.session.reject(480);
    await stage.clock.advance(10);
  });

  test('over TCP: a connection that breaks is made again at once, so that calls can come', async () => {
    const overTcp = { ...provider, host: PROVIDER, transport: 'tcp' } as const;
    stage = await scene({ trunks: [overTcp] });
    const { listener, requests } = await tcpRegistrar(stage);
    stage.agent.start();
    await stage.clock.advance(50);
    expect(requests).toHaveLength(1);
    stage.network.breakStreams('192.0.2.1', PROVIDER);
    await stage.clock.advance(2_000);
    expect(requests).toHaveLength(2);
    expect(stage.agent.trunkStatus('carrier').registered).toBe(true);
    const closing = stage.agent.close();
    await stage.clock.advance(50);
    await closing;
    listener.close();
  });
});

/** A registrar that accepts whatever a connection brings it. */
async function tcpRegistrar(stage: Scene) {
  const requests: SipRequest[] = [];
  const listener = await stage.network
    .host(PROVIDER)
    .listenStream({ host: PROVIDER, port: 5060 }, (connection) => ({
      onData: (bytes) => {
        const result = parseMessage(bytes);
        if (!result.ok || result.message.kind !== 'request') return;
        requests.push(result.message);
        connection.write(
          serialize(response(result.message, 200, { toTag: 't', fields: [['Expires', '600']] })),
        );
      },
      onClose: () => {},
    }));
  return { listener, requests };
}
