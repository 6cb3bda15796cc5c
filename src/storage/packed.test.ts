import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pack, rowsInTurns, unpack } from './packed.ts';

describe('packed texts', () => {
  it('open to what they were, short ones and long ones', async () => {
    for (const text of ['', 'x', 'INVITE sip:é😀\r\n'.repeat(50), 'Via: SIP/2.0/UDP\r\n'.repeat(10_000)]) {
      const packed = await pack(text);
      expect(packed).toMatch(/^[A-Za-z0-9+/]*=*$/);
      expect(await unpack(packed)).toBe(text);
    }
    expect((await pack('Via: SIP/2.0/UDP\r\n'.repeat(500))).length).toBeLessThan(300);
  });

  it('open as they were packed before, with a larger window', async () => {
    const text = 'Call-ID: 4711\r\n'.repeat(5_000);
    expect(await unpack(deflateRawSync(text, { level: 1 }).toString('base64'))).toBe(text);
  });

  it('do not open to more than memory holds, nor when they are damaged', async () => {
    const bomb = deflateRawSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64');
    await expect(unpack(bomb)).rejects.toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' });
    await expect(unpack('bm90IHBhY2tlZA==')).rejects.toThrow();
  });

  it('are made in turns with whatever else waits', async () => {
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const rows = await rowsInTurns(
      Array.from({ length: 80 }, (_, index) => index),
      async (index) => index * 2,
    );
    over = true;
    expect(rows).toEqual(Array.from({ length: 80 }, (_, index) => index * 2));
    expect(turns).toBeGreaterThanOrEqual(9);
  });
});
