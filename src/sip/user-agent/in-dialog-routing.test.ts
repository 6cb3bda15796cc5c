/** Where ACK, BYE and INFO go (RFC 3261 §12.2.1.1): to the route or the Contact of a trunk, back to a phone's own flow. */
import { afterEach, describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { SipRequest } from '../message/types.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, type SceneOptions, scene } from './test-support/scene.ts';
import { account, DOMAIN, trunk } from './test-support/settings.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';
const CARRIER = '198.51.100.1';
const passenger = PhoneNumber.parse('+79121234567');
const service = PhoneNumber.parse('+74951234567');

let stage: Scene;
afterEach(async () => {
  for (const { session } of stage.calls) session.end();
  await stage.clock.advance(10);
  expect(await stage.close()).toEqual(NOTHING_LEFT);
});

const methods = (peer: RawPeer): string[] => peer.requests.map(({ method }) => method);
const ok = (peer: RawPeer) => (request: SipRequest) => {
  if (request.method !== 'ACK') peer.reply(request, 200);
};

const carrier = trunk({ host: CARRIER, allowedSources: ['198.51.100.0/24'] });

describe('a call of ours through a trunk', () => {
  /** The trunk answers with the fields; `other` is where they may lead. Then we hang up. */
  async function callAndHangUp(
    fields: readonly (readonly [string, string])[],
    other: readonly [host: string, port: number],
    options: SceneOptions = {},
  ) {
    stage = await scene({ trunks: [carrier], ...options });
    const peer = await stage.peer(CARRIER);
    const place = await stage.peer(...other);
    place.onRequest = ok(place);
    peer.onRequest = (request) => {
      if (request.method === 'INVITE') peer.reply(request, 200, { fields, body: Buffer.from(OFFER) });
      else ok(peer)(request);
    };
    const session = stage.agent.invite(
      {
        target: { kind: 'trunk', number: passenger },
        identity: { kind: 'number', number: service, displayName: '' },
        headers: [],
        maxForwards: 70,
      },
      async () => OFFER,
    );
    await stage.clock.advance(10);
    expect(session.state).toBe('confirmed');
    session.end();
    await stage.clock.advance(10);
    return { peer, place, session };
  }

  test('[row 8] [RFC 3261 §12.2.1.1] ACK and BYE go to the Contact on another port', async () => {
    const { peer, place } = await callAndHangUp([['Contact', `<sip:gw@${CARRIER}:5080>`]], [CARRIER, 5080]);
    expect(methods(peer)).toEqual(['INVITE']);
    expect(methods(place)).toEqual(['ACK', 'BYE']);
    expect(place.requests[1]?.uri).toBe(`sip:gw@${CARRIER}:5080`);
  });

  test('[row 9] [RFC 3261 §12.2.1.1] ACK and BYE go to the top route, and name the Contact', async () => {
    const { peer, place } = await callAndHangUp(
      [
        ['Contact', '<sip:gw@203.0.113.77:5099>'],
        ['Record-Route', `<sip:${CARRIER}:5061;lr>`],
        ['Record-Route', '<sip:198.51.100.9:5070;lr>'],
      ],
      ['198.51.100.9', 5070],
    );
    expect(methods(peer)).toEqual(['INVITE']);
    expect(methods(place)).toEqual(['ACK', 'BYE']);
    expect(place.requests[1]?.uri).toBe('sip:gw@203.0.113.77:5099');
    expect(place.requests[1]?.headers.getAll('Route')).toEqual([
      '<sip:198.51.100.9:5070;lr>',
      `<sip:${CARRIER}:5061;lr>`,
    ]);
  });

  test('[row 8] a PBX behind NAT names its private address: the flow stays', async () => {
    const { peer, place } = await callAndHangUp(
      [['Contact', '<sip:pbx@192.168.1.10:5060>']],
      ['192.168.1.10', 5060],
    );
    expect(methods(peer)).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(methods(place)).toEqual([]);
  });

  test('[row 8] a name is resolved once for the dialog; 2xx retransmitted meanwhile get no BYE', async () => {
    const hosts: Record<string, string[]> = { 'gw.carrier.example': ['198.51.100.7'] };
    let asked = 0;
    const slow = new Proxy(hosts, {
      get: (target, name: string) => {
        asked += 1;
        return target[name];
      },
    });
    const { peer, place } = await callAndHangUp(
      [['Contact', '<sip:gw@gw.carrier.example:5070>']],
      ['198.51.100.7', 5070],
      { hosts: slow },
    );
    expect(methods(peer)).toEqual(['INVITE']);
    expect(methods(place)).toEqual(['ACK', 'BYE']);
    expect(asked).toBe(1);
  });

  test.each([
    ['a name without an address', 'nowhere.example:5070'],
    ['a name that leads inside', 'inside.example:5070'],
    ['our own address', '192.0.2.1:5060'],
    ['multicast', '224.0.0.1:5060'],
  ])('[row 8] the flow is taken where the Contact is %s', async (_what, place) => {
    const { peer, place: inside } = await callAndHangUp(
      [['Contact', `<sip:gw@${place}>`]],
      ['10.0.0.9', 5070],
      { hosts: { 'inside.example': ['10.0.0.9'] } },
    );
    expect(methods(peer)).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(methods(inside)).toEqual([]);
  });

  test('[row 8] the name that the INVITE went to is not asked about again', async () => {
    const names: string[] = [];
    const hosts = new Proxy<Record<string, string[]>>(
      { 'carrier.example': [CARRIER] },
      {
        get: (target, name: string) => {
          names.push(name);
          return target[name];
        },
      },
    );
    const { peer } = await callAndHangUp([['Contact', '<sip:gw@carrier.example>']], ['198.51.100.2', 5060], {
      hosts,
      trunks: [trunk({ host: 'carrier.example' })],
    });
    expect(methods(peer)).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(names).toEqual(['carrier.example']);
  });
});

test('[row 8] a peer whose name never resolves gets its ACK by the flow after 2 s, once for all 2xx, and no BYE', async () => {
  let asked = 0;
  stage = await scene({
    trunks: [carrier],
    hosts: {
      get 'slow.example'(): Promise<string[]> {
        asked += 1;
        return new Promise(() => {});
      },
    },
  });
  const peer = await stage.peer(CARRIER);
  const contact = [['Contact', '<sip:gw@slow.example:5070>']] as const;
  peer.onRequest = (request) => {
    if (request.method !== 'INVITE') ok(peer)(request);
    else for (const _ of [1, 2, 3]) peer.reply(request, 200, { fields: contact, body: Buffer.from(OFFER) });
  };
  const session = stage.agent.invite(
    {
      target: { kind: 'uri', uri: `sip:gw@${CARRIER}` },
      identity: { kind: 'anonymous' },
      headers: [],
      maxForwards: 70,
    },
    async () => OFFER,
  );
  await stage.clock.advance(1_900);
  expect(methods(peer)).toEqual(['INVITE']);
  await stage.clock.advance(200);
  expect(methods(peer)).toEqual(['INVITE', 'ACK']);
  expect([session.state, asked]).toEqual(['confirmed', 1]);
  session.end();
  await stage.clock.advance(10);
  expect(methods(peer)).toEqual(['INVITE', 'ACK', 'BYE']);
});

describe('a call that a trunk made', () => {
  /** The INVITE's own Contact is replaced; we answer, then hang up. */
  async function answerAndHangUp(fields: readonly string[], other: readonly [host: string, port: number]) {
    stage = await scene({ trunks: [carrier] });
    const peer = await stage.peer(CARRIER);
    const place = await stage.peer(...other);
    peer.onRequest = ok(peer);
    place.onRequest = ok(place);
    const callId = peer.ask({
      method: 'INVITE',
      uri: 'sip:+74951234567@192.0.2.1',
      body: OFFER,
      cseq: 1,
      fields,
    });
    await stage.clock.advance(10);
    const { session } = stage.calls[0]!;
    session.accept({ sdp: OFFER });
    await stage.clock.advance(10);
    const toTag = /tag=.*/.exec(peer.last.headers.get('To') ?? '')?.[0];
    peer.ask({
      method: 'ACK',
      uri: 'sip:maskline@192.0.2.1',
      to: `<sip:+74951234567@192.0.2.1>;${toTag}`,
      callId,
      cseq: 1,
      branch: 'z9hG4bK-ack',
    });
    await stage.clock.advance(10);
    expect(session.state).toBe('confirmed');
    session.end();
    await stage.clock.advance(10);
    return { peer, place };
  }

  test('[row 8] [RFC 3261 §12.2.1.1] our BYE goes to the Contact on another port', async () => {
    const { peer, place } = await answerAndHangUp([`Contact: <sip:gw@${CARRIER}:5080>`], [CARRIER, 5080]);
    expect([methods(peer), methods(place)]).toEqual([[], ['BYE']]);
  });

  test('[row 9] [RFC 3261 §12.2.1.1] our BYE goes to the top route', async () => {
    const { peer, place } = await answerAndHangUp(
      ['Record-Route: <sip:198.51.100.9:5070;lr>', 'Contact: <sip:gw@203.0.113.77:5099>'],
      ['198.51.100.9', 5070],
    );
    expect([methods(peer), methods(place)]).toEqual([[], ['BYE']]);
    expect(place.requests[0]?.uri).toBe('sip:gw@203.0.113.77:5099');
  });

  test('[row 8] a PBX behind NAT gets the BYE where it calls from', async () => {
    const { peer, place } = await answerAndHangUp(['Contact: <sip:pbx@10.9.8.7:5060>'], ['10.9.8.7', 5060]);
    expect([methods(peer), methods(place)]).toEqual([['BYE'], []]);
  });
});

test('[row 8] a registered phone gets ACK and BYE where it registered from, whatever its Contact says', async () => {
  stage = await scene({ users: [account('bob', 'zanzibar')] });
  const phone = await stage.peer('203.0.113.5', 40_000);
  const decoy = await stage.peer('203.0.113.6', 5060);
  await stage.locations.put({
    userId: 'user-bob',
    contact: 'sip:bob@203.0.113.6:5060',
    source: { transport: 'udp', host: '203.0.113.5', port: 40_000 },
    callId: 'r',
    cseq: 1,
    expiresAt: stage.clock.now() + 3_600_000,
    q: 1,
  });
  phone.onRequest = (request) => {
    const fields = [['Contact', '<sip:bob@203.0.113.6:5060>']] as const;
    if (request.method === 'INVITE') phone.reply(request, 200, { fields, body: Buffer.from(OFFER) });
    else ok(phone)(request);
  };
  const session = stage.agent.invite(
    {
      target: { kind: 'uri', uri: `sip:bob@${DOMAIN}` },
      identity: { kind: 'anonymous' },
      headers: [],
      maxForwards: 70,
    },
    async () => OFFER,
  );
  await stage.clock.advance(10);
  session.end();
  await stage.clock.advance(10);
  expect(methods(phone)).toEqual(['INVITE', 'ACK', 'BYE']);
  expect(methods(decoy)).toEqual([]);
});
