/** A carrier over TLS with SRTP alone, each side known by its certificate, on real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { leaksBetween } from '../../src/cli/demo/measure.ts';
import { parseSettings } from '../../src/config/load.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Phone } from '../../src/phone/phone.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { type Authority, createAuthority, type Issued } from '../kit/certificates.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { DRIVER, HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';

const CARRIER_HOST = ownLoopback(71);
const CARRIER = 'carrier.example';
const OVER_CARRIER = '+442071838750';
const OVER_IMPOSTOR = '+442071838760';
const TONES = { carrier: 1020, phone: 440 };
const MAY_BE_SEEN = [SERVICE, HOST, CARRIER_HOST, CARRIER, 'maskline.local'];

const folder = mkdtempSync(join(tmpdir(), 'maskline-secure-trunk-'));
const authority = createAuthority();
const foreign = createAuthority();
const carriers: Phone[] = [];
let server: WholeServer;
let carrier: Phone;
let impostor: Phone;

/** A carrier that shows this certificate, calling and called; it takes no connection of ours without one. */
async function carrierWith({ certificate, key }: Issued, signedBy: Authority = authority): Promise<Phone> {
  const material = { certificate, key, ca: authority.ca };
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: CARRIER_HOST, port: 0 },
    transport: 'tls',
    tls: {
      client: { serverName: 'maskline.local', expectedName: 'maskline.local', material },
      server: { material: () => material, clientCertificates: signedBy === authority ? 'require' : 'off' },
    },
    identity: { username: DRIVER, domain: CARRIER },
    audio: { toneHz: TONES.carrier, srtp: 'required' },
    answer: { ringAfterMs: 0, answerAfterMs: 20 },
  });
  await phone.open();
  carriers.push(phone);
  return phone;
}

beforeAll(async () => {
  const ours = authority.issue('DNS:maskline.local');
  const files = { 'server.pem': ours.certificate, 'server.key': ours.key, 'ca.pem': authority.ca };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  carrier = await carrierWith(authority.issue(`DNS:${CARRIER}`));
  impostor = await carrierWith(authority.issue('DNS:evil.example'));
  const at = (name: string): string => join(folder, name);
  const tls = `{ ca: ${at('ca.pem')}, certificate: ${at('server.pem')}, key: ${at('server.key')}, serverName: ${CARRIER}, clientName: ${CARRIER} }`;
  const trunk = (name: string, phone: Phone, prefix: string): string =>
    `{ name: ${name}, host: ${CARRIER_HOST}, port: ${phone.address.port}, prefixes: ["${prefix}"], transport: tls, tls: ${tls}, media: { srtp: required }, optionsSeconds: 0 }`;
  const { trunks } = parseSettings(
    `trunks: [${trunk('secure', carrier, OVER_CARRIER)}, ${trunk('impostor', impostor, OVER_IMPOSTOR)}]`,
    {},
  );
  server = await WholeServer.start({
    settings: (base) => ({
      ...base,
      trunks,
      sip: {
        ...base.sip,
        listen: [
          ...base.sip.listen,
          {
            transport: 'tls',
            host: HOST,
            port: 0,
            certificate: at('server.pem'),
            key: at('server.key'),
            ca: at('ca.pem'),
            clientCertificates: 'request',
          },
        ],
      },
    }),
  });
});
afterEach(() => server.reset());
afterAll(async () => {
  await server?.stop();
  for (const phone of carriers) phone.close();
  for (const one of [authority, foreign]) one.close();
  rmSync(folder, { recursive: true });
});

/** The service number at our TLS listener. */
const service = (): string => {
  const { host, port } = server.maskline.sip.find(({ transport }) => transport === 'tls')!;
  return `sip:${SERVICE}@${host}:${port};transport=tls`;
};
const received = (phone: Phone): number =>
  phone.log.filter(({ direction }) => direction === 'received').length;

async function expectGoodCall(call: PhoneCall, other: PhoneCall, atCarrier: PhoneCall): Promise<void> {
  await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
  const hears = (one: PhoneCall): Promise<unknown> => {
    const hz = one === atCarrier ? TONES.phone : TONES.carrier;
    return one.waitUntil(`a tone of ${hz} Hz`, () => one.rtp.heard.isTone(hz));
  };
  await Promise.all([hears(call), hears(other)]);
  expect(atCarrier.rtp.encrypted).toBe(true);
  expect(atCarrier.remoteSdp?.secure).toBe(true);
  expect(atCarrier.rtp.unauthenticated).toBe(0);
  call.hangup();
  await other.waitFor('ended');
  expect(leaksBetween(call, other, MAY_BE_SEEN)).toEqual([]);
  expect((await server.closedRecord()).status).toBe('completed');
}

describe('a trunk over TLS with SRTP', () => {
  test('[RFC 5922 §7.1] [RFC 4568 §7.1] takes our call: both hear each other, encrypted on its side', async () => {
    server.backend.answer = () => ({
      kind: 'reply',
      status: 200,
      body: JSON.stringify({ connect: OVER_CARRIER }),
    });
    const driver = await server.phone('driver', { toneHz: TONES.phone });
    const call = driver.call(SERVICE);
    const other = await carrier.nextCall();
    await expectGoodCall(call, other, other);
    expect(other.shown.number).toBe(SERVICE);
  });

  test('[RFC 5922 §7.4] is known by its certificate when it calls, without address or password', async () => {
    const passenger = await server.phone('passenger', {
      toneHz: TONES.phone,
      answer: { ringAfterMs: 0, answerAfterMs: 20 },
    });
    const call = carrier.call(service());
    await expectGoodCall(call, await passenger.nextCall(), call);
    const texts = call.packets.sip.map(({ bytes }) => Buffer.from(bytes).toString());
    expect(texts.some((text) => /^(?:SIP\/2\.0 40[17]|Authorization)/m.test(text))).toBe(false);
  });

  test('[RFC 5922 §7.3] is not spoken to where it shows another name', async () => {
    server.backend.answer = () => ({
      kind: 'reply',
      status: 200,
      body: JSON.stringify({ connect: OVER_IMPOSTOR }),
    });
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    await call.waitFor('ended');
    expect(call.end?.status).toBeGreaterThanOrEqual(500);
    expect(received(impostor)).toBe(0);
    await server.closedRecord();
  });

  test.each(['of another name', 'of another authority'])(
    '[RFC 5922 §7.4] whoever calls with a certificate %s is a stranger',
    async (which) => {
      const wrong =
        which === 'of another name'
          ? await carrierWith(authority.issue('DNS:other.example'))
          : await carrierWith(foreign.issue(`DNS:${CARRIER}`), foreign);
      const call = wrong.call(service());
      await call.waitFor('ended');
      expect([401, undefined]).toContain(call.end?.status);
      expect(server.maskline.parts.calls.active).toEqual([]);
      expect(await server.untakenRecords()).toEqual([]);
    },
  );
});
