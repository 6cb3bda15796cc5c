import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../src/sip/transport/types.ts';
import { type Child, freeMediaPorts, isBound, startChild, until } from './child.ts';

/** Where `script/interop asterisk` has put Debian's packages, as if that folder were the root. */
export const ASTERISK_ROOT =
  process.env.ASTERISK_ROOT ??
  process.env.MASKLINE_ASTERISK ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'maskline/asterisk');

const GUIDE = new URL('../../docs/guide/connect-a-trunk.md', import.meta.url);

/** The guide's `pjsip.conf`, with addresses and passwords of this run in the places of the examples. */
export function guidesPjsip(values: {
  readonly listen: Address;
  readonly maskline: Address;
  readonly passwordIn: string;
  readonly passwordOut: string;
}): string {
  const guide = readFileSync(GUIDE, 'utf8');
  const block = /^```ini\n(\[transport-udp\][\s\S]*?)^```$/m.exec(guide)?.[1];
  if (block === undefined) throw new Error('the guide has no pjsip.conf');
  return block
    .replace('bind=0.0.0.0', `bind=${values.listen.host}:${values.listen.port}`)
    .replace('sip:192.0.2.10:5060', `sip:${values.maskline.host}:${values.maskline.port}`)
    .replace('match=192.0.2.10', `match=${values.maskline.host}`)
    .replace('the value of ASTERISK_OUT', values.passwordOut)
    .replace('the value of ASTERISK_IN', values.passwordIn);
}

/** What it says of itself; undefined where it is not, or does not run. */
export function asteriskVersion(): string | undefined {
  try {
    const { status, stdout } = spawnSync(...program(['-V']), { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Asterisk of a folder of its own, by that folder's own libraries; nothing of it is installed on the machine. */
export class Asterisk {
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  static async start(options: {
    readonly listen: Address;
    readonly pjsip: string;
    readonly extensions: string;
    /** For its RTP and RTCP; absent: sixteen free ones. */
    readonly mediaPorts?: { readonly min: number; readonly max: number };
    /** Tells warnings and errors only, because telling costs. */
    readonly quiet?: boolean;
  }): Promise<Asterisk> {
    const folder = mkdtempSync(join(tmpdir(), 'maskline-asterisk-'));
    for (const part of ['etc', 'var', 'run', 'spool', 'log']) mkdirSync(join(folder, part));
    const files = { ...SETTINGS, 'pjsip.conf': options.pjsip, 'extensions.conf': options.extensions };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'etc', name), text);
    writeFileSync(join(folder, 'etc/asterisk.conf'), directories(folder));
    const { min, max } = options.mediaPorts ?? sixteenPorts();
    writeFileSync(join(folder, 'etc/rtp.conf'), `[general]\nrtpstart=${min}\nrtpend=${max}\n`);
    const child = startChild(...command(folder, ['-f', '-n', ...(options.quiet === true ? [] : ['-vvv'])]));
    const asterisk = new Asterisk(child, folder);
    const gone = child.exited.then((status) => {
      throw new Error(`asterisk ended with ${status}:\n${child.output()}`);
    });
    const ready = until(
      () => isBound('udp', options.listen.port) && child.output().includes('Asterisk Ready'),
      () => `for asterisk to be ready:\n${asterisk.log()}`,
      20_000,
    );
    try {
      await Promise.race([gone, ready]);
    } catch (error) {
      await asterisk.stop();
      throw error;
    }
    gone.catch(() => {});
    return asterisk;
  }

  get pid(): number {
    return this.#child.process.pid ?? 0;
  }

  /** A command of its console, such as `core show channels`; its answer. */
  async console(line: string): Promise<string> {
    const child = startChild(...command(this.#folder, ['-r', '-x', line]));
    await child.exited;
    return child.output();
  }

  log(): string {
    return this.#child.output();
  }

  async stop(): Promise<void> {
    await this.#child.stop().catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function sixteenPorts(): { readonly min: number; readonly max: number } {
  const min = freeMediaPorts(8);
  return { min, max: min + 15 };
}

const command = (folder: string, args: readonly string[]): [program: string, args: string[]] =>
  program(['-C', join(folder, 'etc/asterisk.conf'), ...args]);

function program(args: readonly string[]): [program: string, args: string[]] {
  const libraries = join(ASTERISK_ROOT, 'usr/lib', architecture());
  const loader = readdirSync(libraries).find((name) => name.startsWith('ld-linux'));
  if (loader === undefined || !existsSync(join(ASTERISK_ROOT, 'usr/sbin/asterisk')))
    throw new Error('Asterisk is not here: script/interop asterisk fetches it');
  const asterisk = join(ASTERISK_ROOT, 'usr/sbin/asterisk');
  return [join(libraries, loader), ['--library-path', libraries, asterisk, ...args]];
}

/** Debian's name for this machine's libraries, such as `x86_64-linux-gnu`. */
function architecture(): string {
  const found = readdirSync(join(ASTERISK_ROOT, 'usr/lib')).find((name) => name.endsWith('-linux-gnu'));
  if (found === undefined) throw new Error('Asterisk is not here: script/interop asterisk fetches it');
  return found;
}

function directories(folder: string): string {
  const root = (path: string): string => join(ASTERISK_ROOT, path);
  return [
    '[directories]',
    `astetcdir => ${folder}/etc`,
    `astmoddir => ${root(`usr/lib/${architecture()}/asterisk/modules`)}`,
    `astvarlibdir => ${folder}/var`,
    `astdbdir => ${folder}/var`,
    `astkeydir => ${folder}/var`,
    `astdatadir => ${root('usr/share/asterisk')}`,
    `astspooldir => ${folder}/spool`,
    `astrundir => ${folder}/run`,
    `astlogdir => ${folder}/log`,
    '',
  ].join('\n');
}

const MODULES = [
  ...['res_pjproject', 'res_sorcery_config', 'res_sorcery_memory', 'res_sorcery_astdb', 'res_statsd'],
  ...[
    'res_pjsip',
    'res_pjsip_pubsub',
    'res_pjsip_session',
    'res_pjsip_sdp_rtp',
    'res_pjsip_caller_id',
    'res_pjsip_registrar',
  ],
  ...['res_pjsip_authenticator_digest', 'res_pjsip_outbound_authenticator_digest'],
  ...['res_pjsip_endpoint_identifier_ip', 'res_pjsip_endpoint_identifier_user', 'res_pjsip_dtmf_info'],
  ...['res_rtp_asterisk', 'res_timing_timerfd', 'chan_pjsip', 'codec_alaw', 'codec_ulaw', 'pbx_config'],
  ...[
    'app_dial',
    'app_echo',
    'bridge_simple',
    'bridge_native_rtp',
    'func_callerid',
    'res_pjsip_rfc3326',
    'res_clioriginate',
  ],
];

const SETTINGS: Readonly<Record<string, string>> = {
  'modules.conf': ['[modules]', 'autoload=no', ...MODULES.map((name) => `load => ${name}.so`), ''].join('\n'),
  'logger.conf': '[general]\n[logfiles]\nconsole => notice,warning,error,verbose\n',
};
