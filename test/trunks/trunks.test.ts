import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '../../src/cli/keys.ts';
import { parseSettings } from '../../src/config/load.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { OutgoingCall } from '../../src/phone/outgoing-call.ts';
import { Phone, type PhoneOptions } from '../../src/phone/phone.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import { to } from '../../src/sip/message/fields.ts';
import { parseNameAddr } from '../../src/sip/message/name-addr.ts';
import type { SipRequest } from '../../src/sip/message/types.ts';
import { formatUri } from '../../src/sip/message/uri.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { until } from '../interop/child.ts';
import { freePort } from '../kit/free-port.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { mediaPorts } from '../kit/media-ports.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Carrier } from './carrier.ts';

const ADDRESS = {
  uk: ownLoopback(31),
  pbx: ownLoopback(32),
  provider: ownLoopback(33),
  stranger: ownLoopback(39),
};
const CALLER = '+447700900101';
const PASSWORDS = { PBX_IN: 'in-8831', PBX_OUT: 'out-4402', PROVIDER_PASSWORD: 'p-5517' };

let server: WholeServer;
let carriers: Record<'uk' | 'mobile' | 'pbx' | 'provider' | 'world' | 'first' | 'second', Carrier>;
let open: Phone[] = [];

/** The settings file of this test; ports of carriers are free ones. */
const MEDIA = mediaPorts(400);

const settingsText = (ports: Record<string, number>, backend: string): string => `
sip:
  domain: maskline.local
  t1Ms: 50 # a silent trunk is given up after 64 times this
  listen:
    - { transport: udp, host: ${HOST}, port: 0 }
    - { transport: tcp, host: ${HOST}, port: 0 }
media: { host: ${HOST}, ports: { min: ${MEDIA.min}, max: ${MEDIA.max} } }
http: { port: 0 }
scenario: { httpAllow: [127.0.0.1] }
limits: { drainSeconds: 2 }
trunks:
  - name: uk
    host: ${ADDRESS.uk}
    port: ${ports.uk}
    allowedSources: [${ADDRESS.uk}]
    prefixes: ["+44"]
    country: GB
  - name: uk-mobile
    host: ${ADDRESS.uk}
    port: ${ports.mobile}
    prefixes: ["+4479"]
  - name: asterisk
    host: ${ADDRESS.pbx}
    port: ${ports.pbx}
    inboundAuth: { username: asterisk, password: "\${PBX_IN}" }
    outboundAuth: { username: maskline, password: "\${PBX_OUT}" }
    prefixes: ["+33"]
  - name: provider
    host: ${ADDRESS.provider}
    port: ${ports.provider}
    register: true
    outboundAuth: { username: "100200", password: "\${PROVIDER_PASSWORD}" }
    fromDomain: provider.example
    country: GB
    prefixes: ["+34"]
  - name: world
    host: ${ADDRESS.uk}
    port: ${ports.world}
    numberFormat: e164-without-plus
    assertIdentity: true
  - { name: first, host: ${ADDRESS.uk}, port: ${ports.first}, prefixes: ["+39"], priority: 1 }
  - { name: second, host: ${ADDRESS.uk}, port: ${ports.second}, prefixes: ["+39"], priority: 2 }
  - { name: refusing, host: ${ADDRESS.uk}, port: ${ports.down}, transport: tcp, prefixes: ["+49"], priority: 1 }
  - { name: silent, host: ${ADDRESS.uk}, port: ${ports.down}, prefixes: ["+49"], priority: 2 }
  - { name: standby, host: ${ADDRESS.uk}, port: ${ports.second}, prefixes: ["+49"], priority: 3 }
applications:
  - name: taxi
    numbers: ["${SERVICE}"]
    fence: { countries: ["*"], concurrentCalls: 100, callsPerMinute: 1000 }
    scenarios: { taxi: scenario.js }
    rules:
      - { name: service-number, pattern: '\\+442079460123', scenarios: [taxi], customData: "${backend}" }
`;

beforeAll(async () => {
  const pbx = { status: 407, realm: 'pbx', username: 'maskline', password: PASSWORDS.PBX_OUT } as const;
  const provider = {
    status: 401,
    realm: 'provider.example',
    username: '100200',
    password: PASSWORDS.PROVIDER_PASSWORD,
  } as const;
  carriers = {
    uk: await Carrier.at(ADDRESS.uk),
    mobile: await Carrier.at(ADDRESS.uk),
    pbx: await Carrier.at(ADDRESS.pbx, pbx),
    provider: await Carrier.at(ADDRESS.provider, provider),
    world: await Carrier.at(ADDRESS.uk),
    first: await Carrier.at(ADDRESS.uk),
    second: await Carrier.at(ADDRESS.uk),
  };
  const ports = Object.fromEntries(
    Object.entries(carriers).map(([name, carrier]) => [name, carrier.address.port]),
  );
  ports.down = await freePort(ADDRESS.uk);
  server = await WholeServer.start({
    settings: (base) => {
      const backend = base.applications[0]!.rules[0]!.customData;
      return { ...parseSettings(settingsText(ports, backend), PASSWORDS), data: base.data, log: base.log };
    },
  });
});

afterEach(() => {
  for (const carrier of Object.values(carriers)) {
    carrier.forget();
    carrier.answer = () => [486];
  }
  for (const phone of open) phone.close();
  open = [];
});

afterAll(async () => {
  await server?.stop();
  // The registration is taken back when the server stops.
  expect(carriers.provider.registered).toBeUndefined();
  for (const carrier of Object.values(carriers)) carrier.close();
});

const sip = (): { host: string; port: number } => server.maskline.sip[0]!;
const serviceUri = (number = SERVICE): string => `sip:${number}@${HOST}:${sip().port}`;

/** A peer that calls in from an address. */
async function phoneAt(host: string, options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host, port: 0 },
    identity: { username: CALLER, domain: host },
    audio: { toneHz: 0 },
    ...options,
  });
  open.push(phone);
  await phone.open();
  return phone;
}

/** A caller of the trunk `uk` dials the service number, and the backend connects with `number`. */
async function connectWith(number: string): Promise<OutgoingCall> {
  server.backend.answer = () => ({ kind: 'reply', status: 200, body: JSON.stringify({ connect: number }) });
  return (await phoneAt(ADDRESS.uk)).call(serviceUri());
}

/** Does what makes one call, and waits for its record: one, and closed. */
async function recorded(act: () => Promise<unknown>): Promise<CallRecord> {
  const earlier = await knownRecords(server);
  await act();
  return (await expectNewRecords(server, earlier, 1))[0]!;
}

/** `connectWith`, to its end, which is a refusal; with the record. */
async function refusedCall(number: string): Promise<{ status: number | undefined; record: CallRecord }> {
  let call: OutgoingCall | undefined;
  const record = await recorded(async () => {
    call = await connectWith(number);
    await call.waitFor('ended', 15_000);
  });
  return { status: call?.end?.status, record };
}

const userOf = (request: SipRequest): string => /^sip:([^@]*)@/.exec(request.uri)?.[1] ?? '';
const asked = (): unknown => JSON.parse(server.backend.questions.at(-1)!);

describe('a call that comes in', () => {
  test('of a trunk known by its address; numbers as its country spells them', async () => {
    const phone = await phoneAt(ADDRESS.uk, { identity: { username: '07700900101', domain: 'uk.example' } });
    await recorded(() => phone.call(serviceUri('02079460123')).waitFor('ended'));
    expect(asked()).toEqual({ caller: CALLER, dialled: SERVICE });
  });

  test('[row 26] of a trunk known by digest, from any address', async () => {
    const identity = {
      username: CALLER,
      domain: 'pbx',
      authUsername: 'asterisk',
      password: PASSWORDS.PBX_IN,
    };
    const phone = await phoneAt(ADDRESS.stranger, { identity });
    const questions = server.backend.questions.length;
    await recorded(() => phone.call(serviceUri()).waitFor('ended'));
    expect(server.backend.questions.length).toBe(questions + 1);
    expect(asked()).toEqual({ caller: CALLER, dialled: SERVICE });
  });

  test('[row 42] a wrong password and an unknown name get the same 403, and nobody is asked', async () => {
    const questions = server.backend.questions.length;
    for (const authUsername of ['asterisk', 'nobody']) {
      const identity = { username: CALLER, domain: 'pbx', authUsername, password: 'a guess' };
      const call = (await phoneAt(ADDRESS.stranger, { identity })).call(serviceUri());
      await call.waitFor('ended');
      expect(call.end).toMatchObject({ by: 'remote', status: 403 });
    }
    expect(server.backend.questions.length).toBe(questions);
  });

  test('[row 42] of a stranger: 401 for whatever it dials, no record, and silence for the rest', async () => {
    const earlier = await knownRecords(server);
    const phone = await phoneAt(ADDRESS.stranger);
    for (const number of [SERVICE, '+447700900999', 'sales']) {
      const call = phone.call(serviceUri(number));
      await call.waitFor('ended');
      expect(call.end).toMatchObject({ by: 'remote', status: 401 });
    }
    const before = phone.log.filter(({ direction }) => direction === 'received').length;
    const probe = (method: string): Uint8Array =>
      Buffer.from(
        `${method} ${serviceUri()} SIP/2.0\r\nVia: SIP/2.0/UDP ${ADDRESS.stranger}:${phone.address.port};branch=z9hG4bK${method}\r\n` +
          `Max-Forwards: 70\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: ${method}\r\nCSeq: 1 ${method}\r\nContent-Length: 0\r\n\r\n`,
      );
    for (const method of ['OPTIONS', 'MESSAGE', 'SUBSCRIBE']) phone.sendRaw(probe(method), sip());
    // What would have been answered has been by the time that a later INVITE is.
    await phone.call(serviceUri()).waitFor('ended');
    const received = phone.log.filter(({ direction }) => direction === 'received').slice(before);
    const methods = received.map(
      ({ bytes }) => /^CSeq: \d+ (\w+)/m.exec(Buffer.from(bytes).toString('latin1'))?.[1],
    );
    expect(new Set(methods)).toEqual(new Set(['INVITE']));
    await expectNewRecords(server, earlier, 0);
  });
});

describe('a provider that we register with', () => {
  test('is given the password, and GET /v1/trunks says that the registration stands', async () => {
    await until(
      () => carriers.provider.registered !== undefined,
      () => 'for the registration',
    );
    const { secret } = await createKey(server.maskline.storage, { name: 'test', scopes: ['trunks:read'] });
    const trunks = async (): Promise<{ items: { name: string; registered?: boolean }[] }> =>
      (await (
        await fetch(`${server.maskline.httpUrl}/v1/trunks`, {
          headers: { authorization: `Bearer ${secret}` },
        })
      ).json()) as { items: { name: string; registered?: boolean }[] };
    await until(
      async () => (await trunks()).items.find(({ name }) => name === 'provider')?.registered === true,
      () => 'for the API to say that it is registered',
    );
    expect((await trunks()).items.find(({ name }) => name === 'uk')).not.toHaveProperty('registered');
  });

  test('calls us at our Contact, with the number in To; without it, its address alone is a stranger’s', async () => {
    const contact = carriers.provider.registered!;
    const toNumber = `To: <sip:02079460123@provider.example>`;
    const tamper = (bytes: Uint8Array): readonly Uint8Array[] => {
      const text = Buffer.from(bytes).toString('latin1');
      return [Buffer.from(text.replace(/^To: <[^>]*>/m, toNumber), 'latin1')];
    };
    const questions = server.backend.questions.length;
    const stranger = (await phoneAt(ADDRESS.provider)).call(serviceUri());
    await stranger.waitFor('ended');
    expect(stranger.end).toMatchObject({ status: 401 });
    expect(server.backend.questions.length).toBe(questions);
    const identity = { username: '07700900101', domain: 'provider.example' };
    const phone = await phoneAt(ADDRESS.provider, { identity, misbehaviour: { tamper } });
    await recorded(() => phone.call(contact).waitFor('ended'));
    expect(server.backend.questions.length).toBe(questions + 1);
    expect(asked()).toEqual({ caller: CALLER, dialled: SERVICE });
  });

  test('[row 27] answers our calls with 401: they carry the password, and our From its domain', async () => {
    const { status } = await refusedCall('+34910000001');
    expect(status).toBe(486);
    const [call] = carriers.provider.calls;
    expect(carriers.provider.calls).toHaveLength(1);
    expect(carriers.provider.got('INVITE')).toHaveLength(2);
    expect(call!.headers.get('From')).toMatch(new RegExp(`^<sip:\\${SERVICE}@provider\\.example>;tag=`));
  });
});

describe('a call that goes out', () => {
  test('[row 27] challenged with 407 is dialled once more with the password; so is its BYE', async () => {
    carriers.pbx.answer = () => [180, 200];
    const record = await recorded(async () => {
      const call = await connectWith('+33140000001');
      await call.waitFor('connected');
      expect(carriers.pbx.calls).toHaveLength(1);
      expect(carriers.pbx.got('INVITE')).toHaveLength(2);
      call.hangup();
      await call.waitFor('ended');
      await until(
        () => carriers.pbx.got('BYE').some((bye) => bye.headers.has('Proxy-Authorization')),
        () => 'for BYE',
      );
    });
    expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
  });

  test.each([
    ['+442079460999', 'uk'],
    ['+447900000001', 'mobile'],
    ['+15550100001', 'world'],
  ] as const)('%s goes to the trunk of the longest prefix: %s', async (number, name) => {
    expect((await refusedCall(number)).status).toBe(486);
    for (const [other, carrier] of Object.entries(carriers)) {
      expect(carrier.got('INVITE')).toHaveLength(other === name ? 1 : 0);
    }
    expect(userOf(carriers[name].calls[0]!)).toBe(name === 'world' ? number.slice(1) : number);
  });

  test('[row 29] numberFormat and assertIdentity: the shown number, without plus, and never another', async () => {
    await refusedCall('+15550100001');
    const [invite] = carriers.world.calls;
    const shown = SERVICE.slice(1);
    const from = parseNameAddr(invite!.headers.get('From')!);
    const asserted = invite!.headers.getAll('P-Asserted-Identity').map((text) => parseNameAddr(text));
    expect(formatUri(from.uri)).toBe(`sip:${shown}@${ADDRESS.uk}`);
    expect(asserted.map(({ uri }) => formatUri(uri))).toEqual([`sip:${shown}@${ADDRESS.uk}`]);
    expect(formatUri(to(invite!).uri)).toBe(`sip:15550100001@${ADDRESS.uk}`);
    const text = [...invite!.headers].map((field) => field.join(': ')).join('\n');
    expect(text).not.toContain(CALLER.slice(1));
    expect(text).not.toContain('7700 900101');
  });

  test('no assertion where the trunk does not ask for one', async () => {
    await refusedCall('+442079460999');
    expect(carriers.uk.calls[0]!.headers.has('P-Asserted-Identity')).toBe(false);
  });
});

describe('[row 22] several trunks for a number', () => {
  test.each<[what: string, answer: readonly number[], second: number, status: number]>([
    ['the first refuses the call for the callee', [486], 0, 486],
    ['the first has rung: it is not dialled a second time', [180, 503], 0, 503],
    ['the first is overloaded before anything rang', [503], 1, 486],
  ])('%s', async (_, answer, second, status) => {
    carriers.first.answer = () => answer;
    const { status: got, record } = await refusedCall('+390600000001');
    expect(carriers.first.calls).toHaveLength(1);
    expect(carriers.second.calls).toHaveLength(second);
    expect(got).toBe(status);
    expect(record.legs).toHaveLength(2);
  });

  test('one refuses the connection, one is silent: the third is dialled, once', async () => {
    const { status } = await refusedCall('+493000000001');
    expect(status).toBe(486);
    expect(carriers.second.calls).toHaveLength(1);
    expect(userOf(carriers.second.calls[0]!)).toBe('+493000000001');
  });
});
