/** Examples of documents, run as a reader would: with the client as its package, typed strictly, on a real node. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = join(ROOT, 'clients/typescript');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const run = promisify(execFile);

/** The fenced blocks with that information string, such as `ts`. */
export function blocksOf(markdown: string, info: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
}

/** A folder of somebody who has installed the client, built as its `prepack` builds it. */
export class Reader {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<Reader> {
    const folder = await mkdtemp(join(tmpdir(), 'maskline-reader-'));
    const installed = join(folder, 'node_modules/maskline-client');
    await mkdir(installed, { recursive: true });
    await copyFile(join(CLIENT, 'package.json'), join(installed, 'package.json'));
    await compile(['-p', CLIENT, '--outDir', join(installed, 'dist')]);
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    return new Reader(folder);
  }

  /** Compiles a program strictly. Rejects with what the compiler says. */
  async check(name: string, program: string): Promise<void> {
    const file = join(this.folder, `${name}.ts`);
    await writeFile(file, program);
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const target = ['--target', 'es2024', '--module', 'nodenext', '--skipLibCheck', 'false'];
    await compile(['--noEmit', '--strict', '--ignoreConfig', ...target, ...types, file]);
  }

  /** What a program that was checked prints, line by line. Rejects when it fails. */
  async run(name: string, environment: Readonly<Record<string, string>>): Promise<string[]> {
    const { stdout } = await run(process.execPath, [join(this.folder, `${name}.ts`)], {
      env: { ...process.env, ...environment },
    });
    return stdout.trimEnd().split('\n');
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function compile(args: readonly string[]): Promise<void> {
  await run(TSC, [...args], { cwd: ROOT }).catch((error: { stdout?: string }) => {
    throw new Error(`the compiler says: ${error.stdout}`);
  });
}

/** What comments say that a program prints: behind a `console.log(…);`, and on the lines of comments right after it. */
export function promisedOutput(program: string): string[] {
  const promised: string[] = [];
  let after = false;
  for (const line of program.split('\n')) {
    const behind = /console\.log\(.*\);\s*(?:\/\/ (.*))?$/.exec(line);
    const alone: RegExpExecArray | null = after ? /^\s*\/\/ (.*)$/.exec(line) : null;
    const text = behind?.[1] ?? alone?.[1];
    if (text !== undefined) promised.push(text);
    after = behind !== null || alone !== null;
  }
  return promised;
}

/** Whether a program printed what was promised; `…` stands for any lines, also none. */
export function printsAsPromised(printed: readonly string[], promised: readonly string[]): boolean {
  const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = promised.map((line) => (line === '…' ? '(?:.*\n)*?' : `${literally(line)}\n`)).join('');
  return new RegExp(`^${pattern}$`).test(printed.map((line) => `${line}\n`).join(''));
}
