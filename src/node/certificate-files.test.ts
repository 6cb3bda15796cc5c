import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAuthority } from '../../test/kit/certificates.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import type { Target } from '../sip/transport/types.ts';
import { TRUNK_DEFAULTS } from '../sip/user-agent/types.ts';
import { CertificateFiles } from './certificate-files.ts';
import { secureClientOf } from './tls-settings.ts';

const authority = createAuthority();
const first = authority.issue('DNS:first.example.com');
const second = authority.issue('DNS:second.example.com');
afterAll(() => authority.close());

let folder: string;
let clock: VirtualClock;
let files: CertificateFiles;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-certificates-'));
  clock = new VirtualClock();
  said = [];
  const note = (_fields: object, text: string): number => said.push(text);
  files = new CertificateFiles(clock, { ...silentLogger, info: note, warn: note, error: note } as Logger);
});

afterEach(() => {
  files.close();
  expect(clock.pending).toBe(0);
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
function write(name: string, { certificate, key }: { certificate: string; key: string }) {
  writeFileSync(at(`${name}.pem`), certificate);
  writeFileSync(at(`${name}.key`), key);
  return { certificate: at(`${name}.pem`), key: at(`${name}.key`) };
}

test('files that change are read again, by themselves and when asked; halves leave the old ones in place', async () => {
  const paths = write('listener', first);
  const material = await files.open(paths);
  expect(material()).toEqual(first);
  // A certificate whose key has not come yet.
  writeFileSync(paths.certificate, second.certificate);
  await files.reload();
  expect(material()).toEqual(first);
  expect(said.at(-1)).toContain('the old ones stay');
  writeFileSync(paths.key, second.key);
  await clock.advance(5_000);
  await vi.waitFor(() => expect(material()).toEqual(second));
  rmSync(paths.key);
  await files.reload();
  expect(material()).toEqual(second);
});

test('a link that leads elsewhere is a change, as certbot and Kubernetes make it', async () => {
  write('v1', first);
  write('v2', second);
  symlinkSync(at('v1.pem'), at('live.pem'));
  symlinkSync(at('v1.key'), at('live.key'));
  const material = await files.open({ certificate: at('live.pem'), key: at('live.key') });
  for (const end of ['pem', 'key']) {
    symlinkSync(at(`v2.${end}`), at('next'));
    renameSync(at('next'), at(`live.${end}`));
  }
  await files.reload();
  expect(material()).toEqual(second);
});

test.each([
  ['is not there', () => ({ certificate: at('none.pem'), key: at('none.key') }), 'cannot be read'],
  ['is no PEM', () => write('bad', { certificate: 'hello', key: 'hello' }), 'no usable PEM files'],
  ['has another key', () => write('mixed', { ...first, key: second.key }), 'no usable PEM files'],
  ['has no key', () => ({ certificate: write('alone', first).certificate }), 'belong together'],
])('a certificate that %s is told at the start', async (_title, paths, message) => {
  await expect(files.open(paths())).rejects.toThrow(message);
});

test('a certificate that ends soon is warned about', async () => {
  await files.open(write('short', first));
  // The test's certificates hold for two days; the virtual clock stands long before.
  expect(said).toEqual([]);
  const late = new CertificateFiles(
    {
      ...clock,
      now: () => Date.now(),
      monotonic: () => 0,
      setTimeout: () => ({ id: 0 }),
      clearTimeout: () => {},
    },
    { ...silentLogger, warn: (_fields: object, text: string) => said.push(text) } as Logger,
  );
  await late.open(write('short', first));
  late.close();
  expect(said).toEqual(['a certificate ends soon, or has ended']);
});

test('[RFC 5922 §7.1] towards a target: the trunk decides, by name and by address, else the domain that was asked for', async () => {
  const ca = at('ca.pem');
  writeFileSync(ca, authority.ca);
  const trunk = { ...TRUNK_DEFAULTS, id: '1', name: 'a', host: 'Carrier.example', transport: 'tls' as const };
  const trunks = [
    { ...trunk, tls: { ca, verify: true }, allowedSources: ['192.0.2.1'] },
    { ...trunk, id: '2', host: 'lax.example', tls: { verify: false } },
    { ...trunk, id: '3', host: 'wild.example', tls: { verify: true, serverName: '*.example' } },
  ];
  const client = secureClientOf({ trunks: () => trunks }, files);
  const to = (domain: string, host = '198.51.100.1'): Target => ({
    transport: 'tls',
    host,
    port: 5061,
    domain,
  });
  const byTrunk = {
    serverName: 'Carrier.example',
    expectedName: 'Carrier.example',
    material: { ca: authority.ca },
  };
  expect(await client(to('carrier.example'))).toEqual(byTrunk);
  expect(await client(to('192.0.2.1', '192.0.2.1'))).toEqual(byTrunk);
  expect(await client(to('lax.example'))).toEqual({ serverName: 'lax.example', material: {} });
  // A Contact in a dialog may hold the address that a trunk's name has led to.
  expect(await client(to('198.51.100.1'))).toEqual({ serverName: 'lax.example', material: {} });
  expect(await client(to('wild.example'))).toEqual({
    serverName: 'wild.example',
    expectedName: '*.example',
    material: {},
  });
  expect(await client(to('other.example'))).toEqual({
    serverName: 'other.example',
    expectedName: 'other.example',
    material: {},
  });
});
