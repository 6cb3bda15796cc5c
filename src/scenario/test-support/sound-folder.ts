import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

let folder: string | undefined;

/** A folder for fetched sounds, the same for all tests of a file; gone after the last of them. */
export function soundFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'maskline-sounds-'));
  return folder;
}

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});
