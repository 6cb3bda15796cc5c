import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { createKeyFile, parseKeyRing, readKeyFile } from './key-ring.ts';
import { Vault } from './vault.ts';

const folder = mkdtempSync(join(tmpdir(), 'maskline-vault-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = seededRandom(1);
const line = (id: string): string => `${id}:${Buffer.from(random.bytes(32)).toString('base64')}`;
const [first, second] = [line('k1'), line('k2')];
const number = PhoneNumber.parse('+79123456789');

describe('the vault', () => {
  it('opens what it sealed, in the same place only', () => {
    const vault = new Vault(parseKeyRing(first), random);
    const sealed = vault.seal('secret', 'a.b');
    expect(sealed).toMatch(/^k1\.[\w-]+$/);
    expect(vault.open(sealed, 'a.b')).toBe('secret');
    expect(() => vault.open(sealed, 'a.c')).toThrow(expect.objectContaining({ code: 'storage/corrupt' }));
    expect(vault.seal('secret', 'a.b')).not.toBe(sealed);
  });

  it('notices every changed bit', () => {
    const vault = new Vault(parseKeyRing(first), random);
    const sealed = Buffer.from(vault.seal('x', 'p').slice(3), 'base64url');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => vault.open(`k1.${changed.toString('base64url')}`, 'p')).toThrow();
    }
    expect(() => vault.open('k1.', 'p')).toThrow(expect.objectContaining({ code: 'storage/corrupt' }));
    expect(() => vault.open('nonsense', 'p')).toThrow(
      expect.objectContaining({ code: 'storage/key-missing' }),
    );
  });

  it('gives equal numbers one index, whatever object holds them, and other keys another', () => {
    const vault = new Vault(parseKeyRing(first), random);
    const again = PhoneNumber.parse('+7 (912) 345-67-89');
    expect(vault.sealNumber(number, 'p').index).toBe(vault.sealNumber(again, 'q').index);
    expect(vault.sealNumber(number, 'p')).toEqual(vault.sealNumber(number, 'p'));
    expect(new Vault(parseKeyRing(line('k1')), random).sealNumber(number, 'p').index).not.toBe(
      vault.sealNumber(number, 'p').index,
    );
    expect(vault.openNumber(vault.sealNumber(number, 'p').sealed, 'p').equals(number)).toBe(true);
  });

  it('seals with the newest key and still reads the older ones', () => {
    const old = new Vault(parseKeyRing(first), random);
    const sealed = old.sealNumber(number, 'p');
    const both = new Vault(parseKeyRing(`${first}\n${second}\n`), random);
    expect(both.open(sealed.sealed, 'p')).toBe(old.open(sealed.sealed, 'p'));
    expect(both.seal('x', 'p')).toMatch(/^k2\./);
    expect(both.indexesOf(number)).toContain(sealed.index);
    expect(both.indexesOf(number)).toHaveLength(2);
  });
});

describe('key files', () => {
  it('are made for their owner alone, and never over an older one', () => {
    const path = join(folder, 'deep', 'maskline.key');
    const ring = createKeyFile(path, random);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path)).toEqual(ring);
    expect(() => createKeyFile(path, random)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(readKeyFile(join(folder, 'nothing'))).toBeUndefined();
  });

  it('may hold a bare key', () => {
    expect(parseKeyRing(first.slice(3)).currentId).toBe('k1');
  });

  it.each([[''], ['k1:AAAA'], [`${first}\n${first}`], ['# nothing'], ['k 1:x']])('refuses %j', (text) => {
    const path = join(folder, 'bad.key');
    writeFileSync(path, text);
    expect(() => readKeyFile(path)).toThrow(expect.objectContaining({ code: 'storage/key-invalid' }));
  });
});
