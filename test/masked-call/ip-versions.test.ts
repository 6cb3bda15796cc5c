/** One leg on IPv4, the other on IPv6: each has the address of its own peer in SDP (RFC 6157), on real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { holdsBothTones, leaksBetween, measureRecording } from '../../src/cli/demo/measure.ts';
import type { Settings } from '../../src/config/schema.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import type { PhoneTls } from '../../src/phone/wire.ts';
import { createAuthority } from '../kit/certificates.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';

const HOST6 = '::1';
const MAY_BE_SEEN = [SERVICE, HOST, HOST6, '[::1]', 'maskline.local'];
const TONES = { left: 440, right: 1020 };
const answered = { ringAfterMs: 0, answerAfterMs: 20 };
const folder = mkdtempSync(join(tmpdir(), 'maskline-ip-versions-'));
const authority = createAuthority();
const tls: PhoneTls = {
  client: {
    serverName: 'maskline.local',
    expectedName: 'maskline.local',
    material: { ca: authority.ca },
  },
};
let listen: Settings['sip']['listen'];

beforeAll(() => {
  const issued = authority.issue('DNS:maskline.local');
  const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  writeFileSync(certificate, issued.certificate);
  writeFileSync(key, issued.key);
  listen = [
    { transport: 'udp', host: HOST, port: 0 },
    { transport: 'udp', host: HOST6, port: 0 },
    { transport: 'tls', host: HOST6, port: 0, certificate, key },
  ];
});
afterAll(() => {
  authority.close();
  rmSync(folder, { recursive: true });
});

/** What our SDP named towards this phone: `c=IN IP4`, `c=IN IP6`. */
const versionsIn = (call: PhoneCall): string[] => {
  const received = call.packets.sip.filter(({ direction }) => direction === 'received');
  const texts = received.map(({ bytes }) => Buffer.from(bytes).toString());
  return [...new Set(texts.flatMap((text) => text.match(/c=IN IP\d/g) ?? []))];
};
const version = (host: string): string[] => [host === HOST ? 'c=IN IP4' : 'c=IN IP6'];

describe('with a media address of each IP version', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({
      settings: (base) => ({
        ...base,
        sip: { ...base.sip, listen },
        media: { ...base.media, ipv6: { host: HOST6, advertise: 'auto' } },
      }),
    });
  });
  afterAll(() => server.stop());
  afterEach(() => server.reset());

  const driverAt = (host: string): Promise<Phone> => server.phone('driver', { toneHz: TONES.left, host });
  const passengerAt = (host: string, more: object = {}): Promise<Phone> =>
    server.phone('passenger', { toneHz: TONES.right, host, answer: answered, ...more });

  /** Both hear each other, nothing of one is at the other, and the recording has both. */
  async function expectGoodCall(call: PhoneCall, other: PhoneCall): Promise<void> {
    const hears = (one: PhoneCall, hz: number): Promise<unknown> =>
      one.waitUntil(`a tone of ${hz} Hz`, () => one.rtp.heard.isTone(hz) && one.rtp.heard.seconds > 1.1);
    await Promise.all([hears(call, TONES.right), hears(other, TONES.left)]);
    call.hangup();
    await other.waitFor('ended');
    expect(leaksBetween(call, other, MAY_BE_SEEN)).toEqual([]);
    const [recording] = (await server.closedRecord()).recordings;
    const path = join(server.data, 'recordings', recording!.path);
    expect(holdsBothTones(await measureRecording(path, TONES))).toBe(true);
  }

  test.each([
    ['IPv4 over UDP', 'IPv6 over TLS', HOST, HOST6, { transport: 'tls', tls }],
    ['IPv6 over UDP', 'IPv4 over UDP', HOST6, HOST, {}],
  ])('[RFC 6157 §4] %s calls %s', async (_from, _to, from, to, more) => {
    const driver = await driverAt(from);
    const passenger = await passengerAt(to, more);
    const call = driver.call(SERVICE);
    const other = await passenger.nextCall();
    await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
    expect([versionsIn(call), versionsIn(other)]).toEqual([version(from), version(to)]);
    await expectGoodCall(call, other);
  });

  test.each([
    [HOST6, HOST],
    [HOST, HOST6],
  ])(
    '[row 5] two phones ring, and the one at %s answers after the one at %s has rung',
    async (at, beside) => {
      const driver = await driverAt(HOST);
      const silent = await passengerAt(beside, { answer: { ringAfterMs: 0 } });
      const passenger = await passengerAt(at, { answer: { ringAfterMs: 0, answerAfterMs: 150 } });
      const call = driver.call(SERVICE);
      const [other, ringing] = await Promise.all([passenger.nextCall(), silent.nextCall()]);
      await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
      expect([versionsIn(other), versionsIn(ringing)]).toEqual([version(at), version(beside)]);
      await ringing.waitFor('ended');
      await Promise.all([
        call.waitUntil('the passenger', () => call.rtp.heard.isTone(TONES.right)),
        other.waitUntil('the driver', () => other.rtp.heard.isTone(TONES.left)),
      ]);
      call.hangup();
      await other.waitFor('ended');
      expect(leaksBetween(call, other, MAY_BE_SEEN)).toEqual([]);
      await server.closedRecord();
    },
  );
});

describe('with a media address of IPv4 alone', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({ settings: (base) => ({ ...base, sip: { ...base.sip, listen } }) });
  });
  afterAll(() => server.stop());
  afterEach(() => server.reset());

  test('[RFC 6157 §4] a caller on IPv6 gets 488 and is told why', async () => {
    await server.phone('passenger', { answer: answered });
    const driver = await server.phone('driver', { host: HOST6 });
    const call = driver.call(SERVICE);
    await call.waitFor('ended');
    expect(call.end?.status).toBe(488);
    expect(call.end?.reason).toContain('IP version');
    await server.closedRecord();
  });

  test('[RFC 6157 §4] a callee on IPv6 is not called, and its phone on IPv4 rings all the same', async () => {
    const driver = await server.phone('driver', { toneHz: TONES.left });
    const away = await server.phone('passenger', { host: HOST6, answer: answered });
    const missed = driver.call(SERVICE);
    await missed.waitFor('ended');
    expect(away.calls).toEqual([]);
    const passenger = await server.phone('passenger', { toneHz: TONES.right, answer: answered });
    const call = driver.call(SERVICE);
    const other = await passenger.nextCall();
    await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
    call.hangup();
    await other.waitFor('ended');
    expect(away.calls).toEqual([]);
    await server.closedRecords(2);
  });
});
