import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  holdsBothTones,
  leaksBetween,
  measureRecording,
  numberSeenByCaller,
  packetsOf,
} from '../../src/cli/demo/measure.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { outgoingText, scanForLeaks } from '../../src/privacy/leak-scan.ts';
import { numberSecret } from '../../src/privacy/secret.ts';
import { DRIVER, HOST, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

const MAY_BE_SEEN = [SERVICE, HOST, 'maskline.local'];

describe('a masked call, on real sockets', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start();
  });
  afterAll(() => server.stop());

  test('two strangers talk; each sees the service number; nothing of either reaches the other', async () => {
    const driver = await server.phone('driver', { toneHz: 440 });
    const passenger = await server.phone('passenger', {
      toneHz: 1020,
      answer: { ringAfterMs: 0, answerAfterMs: 100 },
    });

    const outgoing = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await outgoing.waitFor('ringing');
    await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
    await Promise.all([
      outgoing.waitUntil(
        'the passenger’s tone',
        () => outgoing.rtp.heard.isTone(1020) && outgoing.rtp.heard.seconds > 1.2,
      ),
      incoming.waitUntil(
        'the driver’s tone',
        () => incoming.rtp.heard.isTone(440) && incoming.rtp.heard.seconds > 1.2,
      ),
    ]);
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);

    expect(numberSeenByCaller(outgoing)).toBe(SERVICE);
    expect(incoming.shown.number).toBe(SERVICE);
    expect(packetsOf(outgoing).length).toBeGreaterThan(100);
    expect(leaksBetween(outgoing, incoming, MAY_BE_SEEN)).toEqual([]);

    const record = await server.closedRecord();
    expect(record.status).toBe('completed');
    expect(record.legs).toHaveLength(2);
    for (const leg of record.legs) expect(leg).toMatchObject({ code: 200 });
    expect(record.reason).toMatch(/hung up/);

    const recording = record.recordings[0]!;
    expect(recording).toMatchObject({ status: 'complete', channels: 2 });
    const path = join(server.data, 'recordings', recording.path);
    const measured = await measureRecording(path, { left: 440, right: 1020 });
    expect(holdsBothTones(measured)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('[row 43] neither the logs, nor file names, nor stored data hold a number in clear', () => {
    const secrets = [numberSecret(PhoneNumber.parse(DRIVER)), numberSecret(PhoneNumber.parse(PASSENGER))];
    const names = readdirSync(server.data, { recursive: true, encoding: 'utf8' });
    expect(server.logLines.length).toBeGreaterThan(5);
    const packets = [
      ...server.logLines.map((line) => outgoingText('log', line)),
      ...names.map((name) => outgoingText('file name', name)),
    ];
    expect(scanForLeaks({ secrets, packets })).toEqual([]);

    // The database's files as they lie on the disk, write-ahead log included: numbers, also of accounts, are sealed.
    const files = readdirSync(join(server.data, 'database'), {
      recursive: true,
      encoding: 'utf8',
      withFileTypes: true,
    }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(100);
    const holds = (digits: string): string[] =>
      files
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => readFileSync(path).includes(digits));
    expect(holds('CallAlerting').length).toBeGreaterThan(0);
    for (const number of [DRIVER, PASSENGER]) expect(holds(number.slice(3))).toEqual([]);
  });

  test('the passenger calls the same number back and reaches the driver', async () => {
    const driver = await server.phone('driver', { toneHz: 440, answer: { answerAfterMs: 50 } });
    const passenger = await server.phone('passenger', { toneHz: 1020 });
    const outgoing = passenger.call(SERVICE);
    const incoming = await driver.nextCall();
    await outgoing.waitFor('connected');
    expect(incoming.shown.number).toBe(SERVICE);
    await incoming.waitUntil('the passenger’s tone', () => incoming.rtp.heard.isTone(1020));
    incoming.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    expect(leaksBetween(outgoing, incoming, MAY_BE_SEEN)).toEqual([]);
  });

  test('[row 8] over TCP from phone to phone', async () => {
    const driver = await server.phone('driver', { transport: 'tcp', toneHz: 440 });
    const passenger = await server.phone('passenger', {
      transport: 'tcp',
      toneHz: 1020,
      answer: { answerAfterMs: 50 },
    });
    const outgoing = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await outgoing.waitFor('connected');
    await outgoing.waitUntil('the passenger’s tone', () => outgoing.rtp.heard.isTone(1020));
    incoming.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    expect(leaksBetween(outgoing, incoming, MAY_BE_SEEN)).toEqual([]);
  });
});
