import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { freePort } from './free-port.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

/** The first port that a process of its own gets, after `setup`; it lives until the end of the test. */
async function takenByAnother(setup: string): Promise<number> {
  const module = JSON.stringify(new URL('./free-port.ts', import.meta.url).href);
  const program = `${setup}
    const { freePort } = await import(${module});
    console.log(await freePort());
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(said.toString());
}

it('two processes that begin at the same port get different ones, though neither is bound', async () => {
  const same = "Object.defineProperty(process, 'pid', { value: 4711 });";
  const ports = await Promise.all([takenByAnother(same), takenByAnother(same), takenByAnother(same)]);
  expect(new Set(ports).size).toBe(3);
});

it('a port is given once, whether it was bound or not', async () => {
  const ports: number[] = [];
  for (let i = 0; i < 20; i++) ports.push(await freePort());
  const first = await freePort('127.0.0.1', 3);
  ports.push(first, first + 1, first + 2);
  expect(new Set(ports).size).toBe(23);
});

it('what keeps the ports keeps no process alive', async () => {
  await freePort();
  expect(process.getActiveResourcesInfo()).not.toContain('PipeServerWrap');
});
