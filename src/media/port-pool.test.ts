import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { DRAIN_LIMIT_MS, DRAIN_SILENCE_MS, type PortPair, PortPool } from './port-pool.ts';
import { checkPorts } from './preflight.ts';

class FakePair implements PortPair {
  lastPacketAt = 0;
  closed = false;
  close(): void {
    this.closed = true;
  }
}
const inUse = (): NodeJS.ErrnoException => Object.assign(new Error('in use'), { code: 'EADDRINUSE' });

function poolOf(
  min: number,
  max: number,
  bind: (port: number) => Promise<FakePair> = async () => new FakePair(),
) {
  const clock = new VirtualClock();
  return { clock, pool: new PortPool<FakePair>({ min, max }, seededRandom(1), clock, bind) };
}

describe('port pool', () => {
  it('[RFC 3550 §11] [row 33] gives even ports of the range, each once, in no foreseeable order, then none', async () => {
    const { pool } = poolOf(10_001, 10_020);
    const ports: number[] = [];
    for (let taken = await pool.take(); taken !== undefined; taken = await pool.take())
      ports.push(taken.port);
    expect([...ports].sort()).toEqual([
      10_002, 10_004, 10_006, 10_008, 10_010, 10_012, 10_014, 10_016, 10_018,
    ]);
    expect(ports).not.toEqual([...ports].sort());
    expect(pool.ports).toBe(18);
  });

  it('[row 33] tries other pairs when a port is taken by somebody else', async () => {
    const { pool } = poolOf(10_000, 10_099, async (port) => {
      if (port !== 10_042) throw inUse();
      return new FakePair();
    });
    expect((await pool.take())?.port).toBe(10_042);
    expect(await pool.take()).toBeUndefined();
    expect(pool.ports).toBe(2);
  });

  it('passes other errors on and keeps nothing', async () => {
    const { pool } = poolOf(10_000, 10_001, () =>
      Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })),
    );
    await expect(pool.take()).rejects.toThrow('no');
    expect(pool.ports).toBe(0);
  });

  it('[row 33] two that take at once never get the same pair', async () => {
    const { pool } = poolOf(10_000, 10_007);
    const taken = await Promise.all(Array.from({ length: 6 }, () => pool.take()));
    expect(new Set(taken.map((one) => one?.port)).size).toBe(5); // four pairs and `undefined`
  });

  it('[row 33] a closed pair drains until it is silent before anyone gets it again', async () => {
    const { pool, clock } = poolOf(10_000, 10_001);
    const { port, pair } = (await pool.take())!;
    await clock.advance(100);
    pool.release(port, pair);
    for (let n = 0; n < 10; n++) {
      await clock.advance(500);
      pair.lastPacketAt = clock.monotonic(); // the old peer has not stopped yet
      pool.tick();
      expect([pair.closed, await pool.take()]).toEqual([false, undefined]);
    }
    await clock.advance(DRAIN_SILENCE_MS);
    pool.tick();
    expect([pair.closed, pool.ports]).toEqual([true, 0]);
    expect((await pool.take())?.port).toBe(port);
  });

  it('[row 33] draining is bounded', async () => {
    const { pool, clock } = poolOf(10_000, 10_001);
    const { port, pair } = (await pool.take())!;
    pool.release(port, pair);
    for (let waited = 0; waited < DRAIN_LIMIT_MS; waited += 500) {
      expect(pair.closed).toBe(false);
      await clock.advance(500);
      pair.lastPacketAt = clock.monotonic();
      pool.tick();
    }
    expect(pair.closed).toBe(true);
  });
});

describe('preflight', () => {
  it('[row 33] warns when the range overlaps the ephemeral ports', () => {
    expect(checkPorts({ min: 16_384, max: 32_767 }, '32768\t60999\n')).toEqual([]);
    const [warning] = checkPorts({ min: 20_000, max: 40_000 }, '32768\t60999\n');
    expect(warning).toMatch(/below 32768/);
    expect(checkPorts({ min: 20_000, max: 20_001 }, undefined)[0]).toMatch(/room for 1 legs/);
  });
});
