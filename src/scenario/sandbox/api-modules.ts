/**
 * The API's own files, ready for the sandbox: QuickJS loads them as ES modules, once per image. Their types are stripped
 * here, with the lines kept, so that a stack names the right place.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

const FOLDER = new URL('../api/', import.meta.url);

/** Module name → JavaScript. */
export function readApiModules(): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  for (const name of readdirSync(FOLDER).sort()) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    modules.set(moduleName(name), readModule(new URL(name, FOLDER)));
  }
  return modules;
}

/** One module, without its types. */
export function readModule(file: URL): string {
  return strip(readFileSync(file, 'utf8'));
}

/** Node calls the function experimental once per process; running the server is not the place to read that. */
function strip(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** `./call.ts`, from any of the modules: no two share a name. The colon keeps it apart from scenario names. */
export function moduleName(specifier: string): string {
  return `maskline:${specifier.replace(/^.*\//, '').replace(/\.ts$/, '')}`;
}
