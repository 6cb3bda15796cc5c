import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSettings } from '../../config/load.ts';
import { systemClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import { NodeNetwork } from '../../sip/transport/node-network.ts';
import type { PrivacyState } from '../../storage/inspect-privacy.ts';
import { openStorage } from '../../storage/storage.ts';
import { checkCertificates, judgeCertificate } from './certificates.ts';
import { compareClocks, machineClock } from './clock.ts';
import { text } from './command.ts';
import { checkDatabase, judge } from './database.ts';
import { diagnose, type Finding, ok, type Patient, problem, warning } from './diagnosis.ts';
import { checkDisk, memory, nodeVersion, openFiles, room } from './machine.ts';
import { checkAddress, checkBinding, isPrivate } from './ports.ts';
import { checkSounds } from './sounds.ts';
import { checkSpeech } from './speech.ts';
import { checkTrunks } from './trunks.ts';

const HOUR_MS = 3_600_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskline-doctor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function patient(yaml: string, also: Partial<Patient> = {}): Patient {
  return {
    settings: parseSettings(yaml, {}),
    folder,
    data: join(folder, 'data'),
    environment: {},
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    isServing: false,
    ...also,
  };
}

const LOOPBACK = `
sip: { listen: [{ transport: udp, host: 127.0.0.1, port: 0 }, { transport: tcp, host: 127.0.0.1, port: 0 }] }
media: { host: 127.0.0.1 }
http: { port: 0 }
`;
const states = (findings: readonly Finding[]): string[] => findings.map(({ state }) => state);

describe('ports', () => {
  test('free ones are well', async () => {
    expect(new Set(states(await checkBinding(patient(LOOPBACK))))).toEqual(new Set(['ok']));
  });

  test('one that another program has is a problem; one that our own node has is not', async () => {
    const network = new NodeNetwork();
    const taken = await network.bindDatagram(
      { host: '127.0.0.1', port: 0 },
      { onMessage: () => {}, onError: () => {} },
    );
    const yaml = `
sip: { listen: [{ transport: udp, host: 127.0.0.1, port: ${taken.local.port} }] }
media: { host: 127.0.0.1 }
http: { port: 0 }
`;
    try {
      const [sip] = await checkBinding(patient(yaml));
      expect(sip).toMatchObject({ state: 'problem', says: 'Another program has it.' });
      expect(sip?.todo).toContain('ss -tulpn');
      expect((await checkBinding(patient(yaml, { isServing: true })))[0]).toMatchObject({
        state: 'ok',
        says: 'Held by the node that serves.',
      });
    } finally {
      taken.close();
    }
  });

  test('an address that this machine does not have', async () => {
    const yaml = 'sip: { listen: [{ transport: tcp, host: 192.0.2.7, port: 5060 }] }';
    expect((await checkBinding(patient(yaml)))[0]).toMatchObject({
      state: 'problem',
      says: 'This machine does not have that address.',
    });
  });

  test('media on both IP versions: each has its ports, and each is told', async () => {
    const yaml = 'media: { host: 127.0.0.1, ipv6: { host: ::1 }, ports: { min: 24000, max: 24099 } }';
    const binding = (await checkBinding(patient(yaml))).filter(({ check }) => check === 'media ports');
    expect(binding).toMatchObject([
      { state: 'ok', says: 'UDP 24000-24099 on 127.0.0.1.' },
      { state: 'ok', says: 'UDP 24000-24099 on ::1.' },
    ]);
    const told = (await checkAddress(patient(yaml))).map(({ says }) => says);
    expect(told).toEqual([
      'Peers are told 127.0.0.1 for sound (found by itself).',
      'Peers are told ::1 for sound (found by itself).',
    ]);
    const both = patient('media: { host: ::1, ipv6: { host: ::1 } }');
    expect(await checkAddress(both)).toMatchObject([{ state: 'problem' }]);
  });

  test('[row 33] a media range that the kernel hands out to others is a warning', async () => {
    const yaml = 'media: { host: 127.0.0.1, ports: { min: 40000, max: 40999 } }';
    const media = (await checkBinding(patient(yaml))).filter(({ check }) => check === 'media ports');
    expect(media[0]).toMatchObject({ state: 'warning' });
    expect(media[0]?.says).toContain('overlaps');
  });
});

describe('the address that peers are told', () => {
  test('a private one towards a public trunk is a warning, towards a private one it is not', async () => {
    const yaml = (trunk: string) => `
media: { advertise: 192.168.1.5 }
trunks: [{ name: carrier, host: ${trunk} }]
`;
    expect((await checkAddress(patient(yaml('203.0.113.5'))))[0]).toMatchObject({ state: 'warning' });
    expect((await checkAddress(patient(yaml('10.1.1.1'))))[0]).toMatchObject({ state: 'ok' });
  });

  test.each([
    ['10.0.0.1', true],
    ['172.16.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['100.64.0.1', true],
    ['100.128.0.1', false],
    ['169.254.1.1', true],
    ['127.0.0.5', true],
    ['203.0.113.1', false],
    ['::1', true],
    ['fd00::1', true],
    ['fe80::1', true],
    ['2001:db8::1', false],
    ['sip.example.com', false],
  ])('%s is private: %s', (host, expected) => {
    expect(isPrivate(host)).toBe(expected);
  });
});

describe('the machine', () => {
  test('an untested Node, little memory, few files', () => {
    expect(nodeVersion('24.1.0').state).toBe('ok');
    expect(nodeVersion('22.1.0')).toMatchObject({ state: 'warning' });
    expect(memory(400, 8e9).state).toBe('ok');
    expect(memory(4000, 1e9)).toMatchObject({ state: 'warning' });
    const limits = 'Max open files            1024                 524288               files     \n';
    expect(openFiles(400, limits)).toMatchObject({ state: 'problem' });
    expect(openFiles(200, limits).state).toBe('ok');
    expect(openFiles(400, undefined).state).toBe('ok');
    expect(openFiles(400, limits.replace('1024', 'unlimited')).state).toBe('ok');
  });

  test('the disk: written to, and nothing is left there', async () => {
    const here = patient(LOOPBACK);
    const [found] = await checkDisk(here);
    expect(found?.says).toMatch(/GB are free in .* room for \d+ hours of recording/);
    expect(existsSync(here.data)).toBe(false);
    await mkdir(here.data);
    await checkDisk(here);
    expect(await readdir(here.data)).toEqual([]);
    await rm(here.data, { recursive: true });
  });

  test('the disk: nearly full, without inodes, not ours', async () => {
    const inodes = { free: 1e6, all: 1e7 };
    expect(room('/d', 100e9, inodes).state).toBe('ok');
    expect(room('/d', 3e9, inodes).state).toBe('warning');
    expect(room('/d', 1e8, inodes).state).toBe('problem');
    expect(room('/d', 100e9, { free: 10, all: 1e7 }).state).toBe('problem');
    expect(room('/d', 100e9, { free: 0, all: 0 }).state).toBe('ok');
    const [found] = await checkDisk(patient(LOOPBACK, { data: '/dev/null/maskline' }));
    expect(found).toMatchObject({ state: 'problem' });
  });

  test('the clock', () => {
    const now = Date.UTC(2026, 10, 22);
    expect(machineClock(now, true).state).toBe('ok');
    expect(machineClock(now, false).state).toBe('warning');
    expect(machineClock(0, true).state).toBe('problem');
    expect(compareClocks('x', 'the database', now + 1_000, now).state).toBe('ok');
    expect(compareClocks('x', 'the database', now - 30_000, now)).toMatchObject({
      state: 'warning',
      says: 'The clock of the database is 30 s behind ours.',
    });
    expect(compareClocks('x', 'the database', now + HOUR_MS, now).state).toBe('problem');
  });

  test('sounds: decoded for real, and what is to be installed when they are not', async () => {
    expect(states(await checkSounds(patient(LOOPBACK)))).toEqual(['ok', 'ok', 'ok']);
    const found = await checkSounds(patient(LOOPBACK, { environment: { PATH: '/nowhere' } }));
    expect(found).toMatchObject([
      { check: 'sounds mp3', state: 'warning', says: expect.stringContaining('libsox-fmt-mp3') as string },
      { check: 'sounds vorbis', state: 'warning' },
      { check: 'sounds opus', state: 'warning', says: expect.stringContaining('opus-tools') as string },
    ]);
  });

  test('speech: spoken for real', async () => {
    expect(await checkSpeech(patient(LOOPBACK))).toMatchObject([
      { check: 'speech espeak-ng', state: 'ok' },
      { check: 'recognition PocketSphinx', state: 'ok' },
    ]);
    const broken = `
speech:
  synthesis:
    - { provider: piper, program: /nowhere/piper, model: /nowhere/voice.onnx, languages: [ru] }
    - { provider: sherpa-onnx, program: /nowhere/tts, arguments: ['--vits-model=x'] }
    - { provider: openai, url: 'http://127.0.0.1:9/v1', model: tts-1, key: sk-secret }
  recognition: [{ provider: vosk, url: 'ws://127.0.0.1:9' }, { provider: pocketsphinx, program: /nowhere/ps }]
`;
    const found = await checkSpeech(patient(broken));
    expect(found.map(({ check, state }) => `${check} ${state}`)).toEqual([
      'speech piper warning',
      'speech sherpa-onnx warning',
      'speech openai warning',
      'recognition The Vosk server warning',
      'recognition PocketSphinx warning',
      'speech sherpa-onnx warning',
    ]);
    expect(found.map(({ says }) => says).join(' ')).toMatch(
      /voice.onnx.*\/nowhere\/tts.*cannot be reached.*PocketSphinx/s,
    );
    expect(JSON.stringify(found)).not.toContain('sk-secret');
  });
});

describe('the database', () => {
  test('absent, then open to us, then held by another, then with a foreign key; it is never changed', async () => {
    const data = join(folder, 'db');
    const here = patient(LOOPBACK, { data });
    expect((await checkDatabase(here))[0]?.says).toContain('There is none yet');

    const options = { dataFolder: data, clock: systemClock, random: systemRandom, log: silentLogger };
    const storage = await openStorage({ ...options, environment: {} });
    expect((await checkDatabase(here))[0]).toMatchObject({ state: 'problem' });
    expect((await checkDatabase({ ...here, isServing: true }))[0]).toMatchObject({ state: 'ok' });
    await storage.close();

    const before = await readFile(join(data, 'maskline.key'), 'utf8');
    const found = await checkDatabase(here);
    expect(found[0]?.says).toMatch(/opens with our key and answers in \d/);
    expect(new Set(states(found))).toEqual(new Set(['ok']));
    expect(await readFile(join(data, 'maskline.key'), 'utf8')).toBe(before);

    await writeFile(join(data, 'maskline.key'), `k1:${Buffer.alloc(32, 7).toString('base64')}\n`);
    await chmod(join(data, 'maskline.key'), 0o600);
    const [wrong] = await checkDatabase(here);
    expect(wrong?.state).toBe('problem');
    expect(wrong?.todo).toMatch(/key/i);
  });

  test('slow, behind in migrations, with another clock', () => {
    const clock = { theirs: 5_000_000, ours: 5_000_100 };
    expect(
      states(judge({ kind: 'server', pending: [], pings: [1, 2, 3], clock, privacy: undefined })),
    ).toEqual(['ok', 'ok']);
    expect(
      states(judge({ kind: 'server', pending: ['0009-x'], pings: [90, 80, 1], clock, privacy: undefined })),
    ).toEqual(['warning', 'warning', 'ok']);
    const late = judge({
      kind: 'server',
      pending: [],
      pings: [1],
      clock: { theirs: 0, ours: HOUR_MS },
      privacy: undefined,
    });
    expect(states(late)).toContain('problem');
  });

  test('says that a change of keys is not finished, and that an erasure does not end', () => {
    const now = Date.UTC(2026, 0, 3);
    const state = { kind: 'embedded', pending: [], pings: [1], clock: { theirs: now, ours: now } } as const;
    const found = (privacy: PrivacyState) =>
      judge({ ...state, privacy }).filter((one) => one.state === 'warning');
    const nothing = { running: 0, since: undefined };
    expect(found({ staleRows: 0, erasures: nothing, files: { b: 3 } })).toEqual([]);
    expect(found({ staleRows: 0, erasures: { running: 1, since: now - HOUR_MS }, files: {} })).toEqual([]);
    expect(found({ staleRows: 7, erasures: nothing, files: {} })).toMatchObject([
      {
        check: 'data keys',
        says: expect.stringContaining('7 rows'),
        todo: expect.stringContaining('rotate-data'),
      },
    ]);
    expect(found({ staleRows: 0, erasures: { running: 2, since: 0 }, files: { 'node-b': 3 } })).toMatchObject(
      [{ check: 'erasures', says: expect.stringContaining('node-b (3)') }],
    );
  });

  test('a server that is not there', async () => {
    const environment = { DATABASE_URL: 'postgres://maskline:secret@127.0.0.1:1/nothing' };
    const [found] = await checkDatabase(patient(LOOPBACK, { environment }));
    expect(found).toMatchObject({ state: 'problem' });
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});

/** A trunk that answers OPTIONS, says at which address it sees the asker, and has a clock. */
async function carrier(seenAs: string, date: Date): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.on('message', (bytes, { port, address }) => {
    const [first = '', ...lines] = bytes.toString('latin1').split('\r\n');
    expect(first).toMatch(/^OPTIONS sip:127\.0\.0\.1:\d+ SIP\/2\.0$/);
    const kept = lines.filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    const answer = kept.map((line) => (line.startsWith('Via:') ? `${line};received=${seenAs}` : line));
    const text = [
      'SIP/2.0 404 Not Found',
      ...answer,
      `Date: ${date.toUTCString()}`,
      'Content-Length: 0',
      '\r\n',
    ];
    socket.send(text.join('\r\n'), port, address);
  });
  return socket;
}

describe('trunks', () => {
  const yaml = (port: number): string => `
sip: { listen: [{ transport: udp, host: 127.0.0.1, port: 0 }] }
trunks: [{ name: carrier, host: 127.0.0.1, port: ${port} }]
`;

  test('[RFC 3261 §11.2] one that answers: how fast, from where it sees us, what time it has', async () => {
    const peer = await carrier('203.0.113.77', new Date(Date.now() - 30_000));
    try {
      const found = await checkTrunks(patient(yaml(peer.address().port)));
      expect(found[0]).toMatchObject({ check: 'trunk carrier', state: 'ok' });
      expect(found[0]?.says).toMatch(/^It answers OPTIONS with 404 in \d+ ms\.$/);
      expect(found[1]).toMatchObject({ check: 'external address', state: 'warning' });
      expect(found[1]?.todo).toContain('media.advertise and sip.listen[].advertise to 203.0.113.77');
      expect(found[2]).toMatchObject({ state: 'warning' });
      expect(found[2]?.says).toMatch(/^The clock of trunk carrier is (29|30|31) s behind ours/);
    } finally {
      peer.close();
    }
  });

  test('one that is not there is a problem that names transport and place; none at all is a warning', async () => {
    const tcp = yaml(9).replace('port: 9', 'port: 9, transport: tcp');
    const [found] = await checkTrunks(patient(tcp));
    expect(found).toMatchObject({ check: 'trunk carrier', state: 'problem' });
    expect(found?.says).toMatch(/^no connection to the trunk.*\(tcp, 127\.0\.0\.1:9\)\.$/);
    expect(states(await checkTrunks(patient(LOOPBACK)))).toEqual(['warning']);
  });
});

describe('certificates', () => {
  test('valid, expiring, expired, too early, with a foreign key, unreadable', async () => {
    const make = (name: string): void => {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
          ...['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '90', '-subj', '/CN=sip.example.com'],
          ...['-addext', 'subjectAltName=DNS:sip.example.com'],
        ],
        { cwd: folder, stdio: 'ignore' },
      );
    };
    make('one');
    make('two');
    const [pem, key, foreign] = await Promise.all(
      ['one.crt', 'one.key', 'two.key'].map((file) => readFile(join(folder, file))),
    );
    const days = (count: number): number => Date.now() + count * 24 * HOUR_MS;
    expect(judgeCertificate('c', pem!, key, days(0))).toMatchObject({ state: 'ok' });
    expect(judgeCertificate('c', pem!, key, days(0)).says).toContain('DNS:sip.example.com');
    expect(judgeCertificate('c', pem!, key, days(80)).state).toBe('warning');
    expect(judgeCertificate('c', pem!, key, days(91)).says).toContain('expired');
    expect(judgeCertificate('c', pem!, key, days(-2)).state).toBe('problem');
    expect(judgeCertificate('c', pem!, foreign, days(0)).says).toContain('does not belong');

    const yaml = (file: string) => `
sip: { listen: [{ transport: tls, port: 5061, certificate: ${file}, key: one.key }] }
`;
    expect(states(await checkCertificates(patient(yaml('one.crt'))))).toEqual(['ok']);
    expect(states(await checkCertificates(patient(yaml('none.crt'))))).toEqual(['problem']);
  });
});

test('a check that throws is a finding, and the others are heard', async () => {
  const findings = await diagnose(patient(LOOPBACK), {
    broken: () => Promise.reject(new Error('no such thing')),
    well: async () => [ok('well', 'Fine.')],
  });
  expect(findings).toMatchObject([
    { check: 'broken', state: 'problem', says: 'no such thing' },
    { check: 'well', state: 'ok' },
  ]);
});

test('the text has a line for each finding, what to do beneath it, and a verdict', () => {
  expect(
    text([ok('disk', 'Room.'), warning('clock', 'Late.', 'Set it.'), problem('port', 'Taken.', 'Free it.')]),
  ).toBe(
    [
      'ok      disk   Room.',
      'warning clock  Late.',
      '               → Set it.',
      'PROBLEM port   Taken.',
      '               → Free it.',
      '',
      '1 problem, 1 warning.',
    ].join('\n'),
  );
  expect(text([ok('disk', 'Room.')])).toContain('All is well.');
});
