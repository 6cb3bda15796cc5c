/** Whole calls over TLS, WebSocket and IPv6, on real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { leaksBetween, numberSeenByCaller } from '../../src/cli/demo/measure.ts';
import type { IncomingCall } from '../../src/phone/incoming-call.ts';
import type { OutgoingCall } from '../../src/phone/outgoing-call.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { PhoneTls } from '../../src/phone/wire.ts';
import type { TransportName } from '../../src/sip/transport/types.ts';
import { createAuthority } from '../kit/certificates.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';

const LOOPBACK6 = '::1';
const folder = mkdtempSync(join(tmpdir(), 'maskline-secure-call-'));
const authority = createAuthority();
const issued = authority.issue(`DNS:maskline.local,IP:${HOST}`);
const certificate = join(folder, 'server.pem');
const key = join(folder, 'server.key');
writeFileSync(certificate, issued.certificate);
writeFileSync(key, issued.key);

const tls: PhoneTls = {
  client: {
    serverName: 'maskline.local',
    expectedName: 'maskline.local',
    material: { ca: authority.ca },
  },
};

afterAll(() => {
  authority.close();
  rmSync(folder, { recursive: true });
});

/** The driver calls the service number and is put through to the passenger; both hear each other. */
async function masked(driver: Phone, passenger: Phone): Promise<[OutgoingCall, IncomingCall]> {
  const outgoing = driver.call(SERVICE);
  const incoming = await passenger.nextCall();
  await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
  await outgoing.waitUntil('the passenger’s tone', () => outgoing.rtp.heard.isTone(1020));
  await incoming.waitUntil('the driver’s tone', () => incoming.rtp.heard.isTone(440));
  return [outgoing, incoming];
}

const answered = { ringAfterMs: 0, answerAfterMs: 20 };
const texts = (phone: Phone, direction: 'sent' | 'received'): string[] =>
  phone.log.filter((one) => one.direction === direction).map(({ bytes }) => Buffer.from(bytes).toString());

describe('over TLS and WebSocket', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({
      settings: (base) => ({
        ...base,
        sip: {
          ...base.sip,
          listen: [
            ...base.sip.listen,
            { transport: 'tls', host: HOST, port: 0, certificate, key },
            { transport: 'wss', host: HOST, port: 0, certificate, key },
            { transport: 'ws', host: HOST, port: 0 },
          ],
        },
      }),
    });
  });
  afterAll(() => server.stop());
  afterEach(() => server.reset());

  test.each([
    ['tls', 'wss', 'driver'],
    ['wss', 'tls', 'passenger'],
    ['ws', 'udp', 'driver'],
  ] as const)(
    '[RFC 3261 §26.3.2] [RFC 7118 §5] %s calls %s, the %s hangs up; each hears the other and sees the service number',
    async (from: TransportName, to: TransportName, ends) => {
      const driver = await server.phone('driver', { transport: from, tls, toneHz: 440 });
      const passenger = await server.phone('passenger', {
        transport: to,
        tls,
        toneHz: 1020,
        answer: answered,
      });
      const [outgoing, incoming] = await masked(driver, passenger);
      (ends === 'driver' ? outgoing : incoming).hangup();
      await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
      expect(numberSeenByCaller(outgoing)).toBe(SERVICE);
      expect(incoming.shown.number).toBe(SERVICE);
      expect(leaksBetween(outgoing, incoming, [SERVICE, HOST, 'maskline.local'])).toEqual([]);
      expect((await server.closedRecord()).status).toBe('completed');
      // The INVITE names its transport in Via, and in Contact the way back.
      const invite = texts(passenger, 'received').find((text) => text.startsWith('INVITE '))!;
      expect(invite).toContain(`Via: SIP/2.0/${to.toUpperCase()} ${HOST}`);
      const param = { udp: '', tcp: 'tcp', tls: 'tls', ws: 'ws', wss: 'ws' }[to];
      if (param !== '') expect(invite).toMatch(new RegExp(`Contact: <sip:[^>]+;transport=${param}>`));
      // RFC 7118 §5.2.3: a browser's Via names no address; ours says where it came from.
      if (from !== 'udp') {
        const response = texts(driver, 'received').find((text) => text.startsWith('SIP/2.0 200'))!;
        expect(response).toContain(`received=${HOST}`);
      }
    },
  );

  test('[RFC 8643 §3.1] a passenger over TLS that can encrypt does: our keys stand beside RTP/AVP', async () => {
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', {
      transport: 'tls',
      tls,
      toneHz: 1020,
      audio: { srtp: 'optional' },
      answer: answered,
    });
    const [outgoing, incoming] = await masked(driver, passenger);
    expect([incoming.remoteSdp?.secure, incoming.remoteSdp?.crypto.length]).toEqual([false, 2]);
    expect([outgoing.rtp.encrypted, incoming.rtp.encrypted]).toEqual([false, true]);
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    expect(incoming.rtp.unauthenticated).toBe(0);
    expect(leaksBetween(outgoing, incoming, [SERVICE, HOST, 'maskline.local'])).toEqual([]);
    await server.closedRecord();
  });

  test('[RFC 5626 §5.3] a browser that loses its connection cannot be called until it registers again', async () => {
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', {
      transport: 'wss',
      tls,
      answer: answered,
      toneHz: 1020,
    });
    const { transport } = server.maskline.parts.stack;
    passenger.disconnect();
    while (transport.openConnections > 0) await new Promise((resolve) => setImmediate(resolve));
    const missed = driver.call(SERVICE);
    await missed.waitFor('ended');
    expect(missed.end?.status).toBeGreaterThanOrEqual(400);
    expect(passenger.calls).toEqual([]);
    await passenger.register();
    const [outgoing] = await masked(driver, passenger);
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await server.closedRecords(2);
  });

  test('certificates that have changed are used at once when asked, and no connection is lost', async () => {
    const driver = await server.phone('driver', { transport: 'tls', tls });
    const { transport } = server.maskline.parts.stack;
    const open = transport.openConnections;
    const renewed = authority.issue(`DNS:maskline.local,DNS:renewed.example,IP:${HOST}`);
    writeFileSync(certificate, renewed.certificate);
    writeFileSync(key, renewed.key);
    await server.maskline.reloadCertificates();
    const { port } = server.maskline.sip.find((one) => one.transport === 'tls')!;
    const socket = connect({ host: HOST, port, ca: authority.ca, servername: 'renewed.example' });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    socket.destroy();
    await driver.register();
    await vi.waitFor(() => expect(transport.openConnections).toBe(open));
  });
});

describe('over IPv6', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({
      settings: (base) => ({
        ...base,
        sip: {
          ...base.sip,
          listen: [
            { transport: 'udp', host: LOOPBACK6, port: 0 },
            { transport: 'tcp', host: '::', port: 0 },
            { transport: 'tls', host: LOOPBACK6, port: 0, certificate, key },
          ],
        },
        media: { ...base.media, host: LOOPBACK6 },
      }),
      attacker: false,
    });
  });
  afterAll(() => server.stop());

  test.each([
    ['udp', 'tls'],
    ['tls', 'tcp'],
  ] as const)('[RFC 3261 §18.1.1] %s calls %s at [::1]', async (from, to) => {
    const driver = await server.phone('driver', { transport: from, tls, toneHz: 440, host: LOOPBACK6 });
    const passenger = await server.phone('passenger', {
      transport: to,
      tls,
      toneHz: 1020,
      host: LOOPBACK6,
      answer: answered,
    });
    const [outgoing] = await masked(driver, passenger);
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    const invite = texts(passenger, 'received').find((text) => text.startsWith('INVITE '))!;
    expect(invite).toMatch(/Via: SIP\/2\.0\/\w+ \[::1\]:\d+;/);
    expect(invite).toMatch(/Contact: <sip:maskline@\[::1\]:\d+/);
    expect(invite).toContain('c=IN IP6 ::1');
    await server.closedRecord();
    await server.reset();
  });
});
