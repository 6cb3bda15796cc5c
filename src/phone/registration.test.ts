import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../test/kit/virtual-network.ts';
import { response } from '../sip/message/build.ts';
import { parseMessage } from '../sip/message/parse.ts';
import { serialize } from '../sip/message/serialize.ts';
import type { SipRequest } from '../sip/message/types.ts';
import { Phone } from './phone.ts';

const REGISTRAR = { host: '10.0.0.9', port: 5060 };
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** RFC 2617 §3.2.2 written out once more, so that the phone's digest is checked against something else. */
function digestFits(request: SipRequest, password: string): boolean {
  const header = request.headers.get('Authorization') ?? request.headers.get('Proxy-Authorization') ?? '';
  const param = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(header)?.[1] ?? '';
  const ha1 = md5(`${param('username')}:${param('realm')}:${password}`);
  const ha2 = md5(`${request.method}:${param('uri')}`);
  const parts = [ha1, param('nonce'), param('nc'), param('cnonce'), param('qop'), ha2];
  return param('response') === md5(parts.join(':')) && param('uri') === request.uri;
}

async function setUp(password: string) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, random: seededRandom(3) });
  const requests: SipRequest[] = [];
  const socket = await network.bindDatagram(REGISTRAR, {
    onMessage: (bytes, from) => {
      const parsed = parseMessage(bytes);
      if (!parsed.ok || parsed.message.kind !== 'request' || parsed.message.method === 'ACK') return;
      const request = parsed.message;
      requests.push(request);
      const proxy = request.method === 'INVITE';
      const challenge = 'Digest realm="test", nonce="abc", qop="auth", algorithm=MD5';
      const answer = digestFits(request, password)
        ? response(request, 200, {
            toTag: 'r',
            fields: [['Contact', `${request.headers.get('Contact')};expires=120`]],
          })
        : response(request, proxy ? 407 : 401, {
            toTag: 'r',
            fields: [[proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate', challenge]],
          });
      socket.send(serialize(answer), from);
    },
    onError: () => {},
  });
  const phone = new Phone({
    network: network.host('10.0.0.1'),
    clock,
    random: seededRandom(1),
    local: { host: '10.0.0.1', port: 5060 },
    identity: { username: 'ann', domain: 'pbx.example', password: 'right' },
    registrar: REGISTRAR,
  });
  await phone.open();
  return { clock, phone, requests };
}

test('[RFC 3261 §22.2] REGISTER is repeated with digest, a new CSeq and the same Call-ID; the granted time is told', async () => {
  const { clock, phone, requests } = await setUp('right');
  const granted = phone.register(600);
  await clock.advance(100);
  expect(await granted).toBe(120);
  await phone.waitFor('registered');
  const read = (name: string): (string | undefined)[] => requests.map((request) => request.headers.get(name));
  expect(read('CSeq')).toEqual(['1 REGISTER', '2 REGISTER']);
  expect(new Set(read('Call-ID')).size).toBe(1);
  expect(requests[1]?.uri).toBe('sip:pbx.example');
  const gone = phone.unregister();
  await clock.advance(100);
  await gone;
  expect(phone.registered).toBe(false);
  phone.close();
  expect(clock.pending).toBe(0);
});

test('a wrong password is refused once and not tried again', async () => {
  const { clock, phone, requests } = await setUp('another');
  const refused = expect(phone.register()).rejects.toThrow('REGISTER got 401 Unauthorized');
  await clock.advance(1_000);
  await refused;
  expect(requests).toHaveLength(2);
  phone.close();
});

test('[RFC 3261 §22.3] an INVITE that is challenged with 407 is acknowledged and sent again', async () => {
  const { clock, phone, requests } = await setUp('right');
  const call = phone.call('100');
  await clock.advance(200);
  expect(call.state).toBe('connected');
  expect(requests.map((request) => request.method)).toEqual(['INVITE', 'INVITE']);
  const sent = phone.log.filter((entry) => entry.direction === 'sent').map((entry) => entry.bytes);
  expect(sent.map((bytes) => Buffer.from(bytes).toString('utf8').split(' ')[0])).toEqual([
    'INVITE',
    'ACK',
    'INVITE',
    'ACK',
  ]);
  phone.close();
});
