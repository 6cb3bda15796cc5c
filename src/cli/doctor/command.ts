import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import { NodeNetwork } from '../../sip/transport/node-network.ts';
import { exampleFolder } from '../example.ts';
import { checkCertificates } from './certificates.ts';
import { checkClock } from './clock.ts';
import { checkDatabase } from './database.ts';
import { type Check, diagnose, type Finding } from './diagnosis.ts';
import { checkDisk, checkMachine } from './machine.ts';
import { checkAddress, checkBinding } from './ports.ts';
import { checkSounds } from './sounds.ts';
import { checkSpeech } from './speech.ts';
import { checkTrunks } from './trunks.ts';

const CHECKS: Readonly<Record<string, Check>> = {
  machine: checkMachine,
  ports: checkBinding,
  'external address': checkAddress,
  certificates: checkCertificates,
  trunks: checkTrunks,
  clock: checkClock,
  database: checkDatabase,
  disk: checkDisk,
  speech: checkSpeech,
  sounds: checkSounds,
};

const HEALTH_MS = 1_000;

/**
 * `maskline doctor [--settings FILE | --example NAME] [--data FOLDER] [--json]`. Resolves with the exit status: 1 when
 * something will keep calls from working.
 */
export async function doctorCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      settings: { type: 'string' },
      example: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const file = values.settings ?? join(exampleFolder(values.example ?? 'taxi'), 'maskline.yaml');
  const { settings, folder } = loadSettings(file, process.env);
  const findings = await diagnose(
    {
      settings,
      folder,
      data: resolve(values.data ?? settings.data),
      environment: process.env,
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      log: createLogger('error'),
      isServing: await isServing(settings),
    },
    CHECKS,
  );
  if (values.json) console.log(JSON.stringify({ ok: isWell(findings), findings }));
  else console.log(text(findings));
  return isWell(findings) ? 0 : 1;
}

function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'problem');
}

const SIGNS: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  problem: 'PROBLEM ',
};

/** For a terminal: a line for each finding, what to do beneath it, and a verdict. */
export function text(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, state, says, todo }) => [
    `${SIGNS[state]}${check.padEnd(width)}  ${says}`,
    ...(todo === undefined ? [] : [`${' '.repeat(SIGNS.ok.length + width + 2)}→ ${todo}`]),
  ]);
  const count = (state: Finding['state']): number => findings.filter((one) => one.state === state).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const verdict =
    problems + warnings === 0
      ? 'All is well.'
      : `${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`;
  return [...lines, '', verdict].join('\n');
}

/** Whether a node answers where these settings put the API. */
async function isServing({ http }: Settings): Promise<boolean> {
  const host = http.host === '0.0.0.0' ? '127.0.0.1' : http.host === '::' ? '[::1]' : http.host;
  try {
    const { ok } = await fetch(`http://${host}:${http.port}/health`, {
      signal: AbortSignal.timeout(HEALTH_MS),
    });
    return ok;
  } catch {
    return false;
  }
}
