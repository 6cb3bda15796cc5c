import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '../../src/cli/keys.ts';
import { parseSettings } from '../../src/config/load.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Phone } from '../../src/phone/phone.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { TRUNK_DEFAULTS } from '../../src/sip/user-agent/types.ts';
import { until } from '../interop/child.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { mediaPorts } from '../kit/media-ports.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Carrier } from './carrier.ts';

/** The whole server between carriers with habits: how they spell numbers, where they look for the caller, when they fail. */
const ADDRESS = ownLoopback(34);
const CALLER = '+447700900101';

let server: WholeServer;
let carriers: Record<'callers' | 'old' | 'national' | 'main' | 'spare', Carrier>;
const open: Phone[] = [];

const MEDIA = mediaPorts(200);

const settingsText = (port: Record<string, number>, backend: string): string => `
sip: { listen: [{ transport: udp, host: ${HOST}, port: 0 }] }
media: { host: ${HOST}, ports: { min: ${MEDIA.min}, max: ${MEDIA.max} } }
http: { port: 0 }
scenario: { httpAllow: [127.0.0.1] }
limits: { drainSeconds: 2 }
trunks:
  - { name: callers, host: ${ADDRESS}, port: ${port.callers}, allowedSources: [${ADDRESS}], prefixes: ["+1"], country: GB,
      trustCallerIn: [remote-party-id, from], optionsSeconds: 1 }
  - { name: old, host: ${ADDRESS}, port: ${port.old}, prefixes: ["+33"], callerIdIn: remote-party-id, fromUser: customer-17 }
  - { name: national, host: ${ADDRESS}, port: ${port.national}, prefixes: ["+44", "+49"], numberFormat: national, country: GB,
      dialPrefix: "77#", callerIdIn: p-asserted-identity, fromUser: customer-18, userPhone: true }
  - { name: main, host: ${ADDRESS}, port: ${port.main}, prefixes: ["+39"], priority: 1, maxOutboundCalls: 1 }
  - { name: spare, host: ${ADDRESS}, port: ${port.spare}, prefixes: ["+39"], priority: 2 }
applications:
  - name: taxi
    numbers: ["${SERVICE}"]
    fence: { countries: ["*"] }
    scenarios: { taxi: scenario.js }
    rules: [{ name: all, scenarios: [taxi], customData: "${backend}" }]
`;

beforeAll(async () => {
  const at = (): Promise<Carrier> => Carrier.at(ADDRESS);
  carriers = {
    callers: await at(),
    old: await at(),
    national: await at(),
    main: await at(),
    spare: await at(),
  };
  const ports = Object.fromEntries(Object.entries(carriers).map(([name, one]) => [name, one.address.port]));
  server = await WholeServer.start({
    settings: (base) => {
      const backend = base.applications[0]!.rules[0]!.customData;
      return { ...parseSettings(settingsText(ports, backend), {}), data: base.data, log: base.log };
    },
  });
});

afterEach(() => {
  for (const carrier of Object.values(carriers)) {
    carrier.forget();
    carrier.answer = () => [486];
  }
  for (const phone of open.splice(0)) phone.close();
});

afterAll(async () => {
  await server?.stop();
  for (const carrier of Object.values(carriers)) carrier.close();
});

/** What an inbound INVITE says beside the usual, all of it about the caller. */
const TELLTALES = [
  `Remote-Party-ID: "Real Caller" <sip:07700900101@callers>;party=calling;privacy=off`,
  `P-Asserted-Identity: <sip:+447700900777@callers>`,
  `P-Preferred-Identity: <sip:+447700900777@callers>`,
  `Diversion: <sip:+447700900777@callers>;reason=unconditional`,
  `History-Info: <sip:+447700900777@callers>;index=1`,
  `Identity: eyJhbGciOiJFUzI1NiJ9.secretpassport;info=<https://certs.example/a.pem>;alg=ES256;ppt=shaken`,
  `Identity: eyJhbGciOiJFUzI1NiJ9.secretdiv;info=<https://certs.example/a.pem>;ppt=div`,
  `P-Charging-Vector: icid-value=secretcharge`,
].join('\r\n');

/** A call that comes in over the trunk `callers`, with all of these, and is connected with `number`. */
async function connectWith(number: string): Promise<Phone> {
  server.backend.answer = () => ({ kind: 'reply', status: 200, body: JSON.stringify({ connect: number }) });
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: ADDRESS, port: 0 },
    identity: { username: 'anything', domain: 'callers' },
    audio: { toneHz: 0 },
    misbehaviour: {
      tamper: (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        return [Buffer.from(text.replace(/^(INVITE .*\r\n)/, `$1${TELLTALES}\r\n`), 'latin1')];
      },
    },
  });
  open.push(phone);
  await phone.open();
  return phone;
}

async function refused(number: string): Promise<number | undefined> {
  const earlier = await knownRecords(server);
  const { host, port } = server.maskline.sip[0]!;
  const call = (await connectWith(number)).call(`sip:${SERVICE}@${host}:${port}`);
  await call.waitFor('ended', 15_000);
  await expectNewRecords(server, earlier, 1);
  return call.end?.status;
}

const inviteTo = (name: keyof typeof carriers): string => {
  const [invite] = carriers[name].calls;
  if (invite === undefined) throw new Error(`${name} was not called`);
  return `${invite.method} ${invite.uri}\n${[...invite.headers].map((field) => field.join(': ')).join('\n')}`;
};

describe('what a carrier is told', () => {
  test('[row 29] Remote-Party-ID holds the shown number, From the account', async () => {
    expect(await refused('+33140000001')).toBe(486);
    const invite = inviteTo('old');
    expect(invite).toMatch(new RegExp(`^From: <sip:customer-17@${ADDRESS}>;tag=`, 'm'));
    expect(invite).toMatch(
      new RegExp(
        `^Remote-Party-ID: <sip:\\${SERVICE}@${ADDRESS}>;party=calling;screen=yes;privacy=off$`,
        'm',
      ),
    );
  });

  test('[row 24] numbers as they are dialled in its country, with its prefix', async () => {
    expect(await refused('+447911123456')).toBe(486);
    const shown = SERVICE.replace('+44', '0');
    expect(inviteTo('national')).toMatch(/^INVITE sip:77%2307911123456@[^\n]*;user=phone\n/);
    expect(inviteTo('national')).toContain(`P-Asserted-Identity: <sip:${shown}@${ADDRESS};user=phone>`);
    carriers.national.forget();
    await refused('+493012345678');
    expect(inviteTo('national')).toMatch(/^INVITE sip:77%2300493012345678@/);
  });

  test('[row 29] [row 30] nothing of what the caller’s carrier said: no Diversion, History-Info, Identity or div, no number of the caller', async () => {
    await refused('+33140000001');
    for (const secret of [
      '7700900101',
      '7700900777',
      'Real Caller',
      'Diversion',
      'History-Info',
      'Identity',
      'secret',
      'shaken',
      'P-Charging',
      'P-Preferred',
    ]) {
      expect(inviteTo('old')).not.toContain(secret);
    }
  });

  test('[row 29] the caller is who the field says that the trunk is trusted for', async () => {
    await refused('+33140000001');
    const { caller } = JSON.parse(server.backend.questions.at(-1)!) as { caller: string };
    expect(caller).toBe(CALLER);
  });
});

describe('[row 22] when a carrier fails', () => {
  test.each([
    [[500], 1],
    [[100, 502], 1],
    [[404], 0],
    [[603], 0],
    [[183, 500], 0],
  ])('%j: the spare is called %i times', async (answer, spare) => {
    carriers.main.answer = () => answer;
    await refused('+390600000001');
    expect([carriers.main.calls.length, carriers.spare.calls.length]).toEqual([1, spare]);
    // More, where the refusal was repeated.
    expect(carriers.main.got('ACK').length).toBeGreaterThan(0);
  });

  test('a call over its limit goes to the spare', async () => {
    carriers.main.answer = () => [180, 200];
    const { host, port } = server.maskline.sip[0]!;
    const earlier = await knownRecords(server);
    const first = (await connectWith('+390600000001')).call(`sip:${SERVICE}@${host}:${port}`);
    await first.waitFor('connected');
    const second = (await connectWith('+390600000002')).call(`sip:${SERVICE}@${host}:${port}`);
    await second.waitFor('ended');
    expect([carriers.main.calls.length, carriers.spare.calls.length]).toEqual([1, 1]);
    first.hangup();
    await first.waitFor('ended');
    await expectNewRecords(server, earlier, 2);
  });
});

test('OPTIONS, health and counters: the API and the metrics know them', async () => {
  const { secret } = await createKey(server.maskline.storage, {
    name: 'test',
    scopes: ['trunks:read', 'metrics:read'],
  });
  const get = async (path: string): Promise<string> =>
    await (
      await fetch(`${server.maskline.httpUrl}${path}`, { headers: { authorization: `Bearer ${secret}` } })
    ).text();
  await until(
    async () => /"name":"callers"[^}]*"state":"up"/.test(await get('/v1/trunks')),
    () => 'for the trunk to be up',
  );
  expect(await get('/v1/trunks')).toMatch(/"name":"old"[^}]*"calls":\{"inbound":0,"outbound":0\}/);
  await refused('+33140000001');
  const metrics = await get('/metrics');
  expect(metrics).toContain('maskline_trunk_up{trunk="callers"} 1');
  expect(metrics).toMatch(
    /maskline_trunk_calls_failed_total\{trunk="old",direction="outbound",class="4xx"\} \d/,
  );
  expect(metrics).toMatch(/maskline_trunk_calls_answered_total\{trunk="main",direction="outbound"\} 1/);
  expect(metrics).toMatch(/maskline_trunk_hour_asr\{trunk="main",hour="current"\} 0\.\d/);
  for (const number of ['7700900', '140000001', '7911123456', '0600000001'])
    expect(metrics).not.toContain(number);
});

// The last one: it leaves nothing of the directory but this trunk.
test('a trunk that is written to the directory is registered at without a restart, and no more when it is gone', async () => {
  const { storage } = server.maskline;
  const { host, port } = carriers.old.address;
  const trunk = {
    ...TRUNK_DEFAULTS,
    name: 'late',
    host,
    port,
    register: true,
    outboundAuth: { username: 'late', password: 'p' },
  };
  await storage.importDirectory({ trunks: [trunk], applications: [] });
  await until(
    () => carriers.old.registered !== undefined,
    () => 'for the registration',
  );
  await storage.importDirectory({ trunks: [], applications: [] });
  await until(
    () => carriers.old.registered === undefined,
    () => 'for the registration to be taken back',
  );
});
