/** `scenario('./taxi.js', { … })`: opens a flow. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import type { ScenarioSource } from '../call/types.ts';
import { readScript } from '../scenario/script-file.ts';
import { Flow } from './flow.ts';
import type { FlowOptions } from './flow-options.ts';
import { adopt } from './open-flows.ts';

/** A file, relative to the test; or the script itself. */
export type Script = string | URL | ScenarioSource;

/**
 * Opens a flow of one script, or of several of a rule, in their order. Files are JavaScript or TypeScript. At the end of
 * the test the flow is closed, and the test fails when a call is open.
 */
export function scenario(scripts: Script | readonly Script[], options: FlowOptions = {}): Flow {
  const folder = folderOfCaller();
  const all = (Array.isArray(scripts) ? scripts : [scripts]) as readonly Script[];
  return adopt(
    new Flow(
      all.map((one) => read(one, folder)),
      options,
    ),
  );
}

function read(script: Script, folder: string): ScenarioSource {
  if (script instanceof URL) return readScript(fileURLToPath(script));
  if (typeof script !== 'string') return script;
  const path = isAbsolute(script) ? script : resolve(folder, script);
  if (!existsSync(path)) throw new Error(`There is no scenario ${script} (looked for ${path}).`);
  return readScript(path);
}

/** The folder of the file that called `scenario`. */
function folderOfCaller(): string {
  // 0 is this function, 1 is `scenario`.
  const name = getCallSites(3, { sourceMap: false })[2]?.scriptName ?? '';
  if (name.startsWith('file:')) return dirname(fileURLToPath(name));
  return isAbsolute(name) ? dirname(name) : process.cwd();
}
