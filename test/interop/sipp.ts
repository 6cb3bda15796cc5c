import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeG711 } from '../../src/media/codec/g711.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import { freePort } from '../kit/free-port.ts';
import { type Child, freeMediaPorts, isBound, startChild, until } from './child.ts';
import { scenarioText } from './scenario-text.ts';

export interface SippOptions {
  /** A file of `scenarios/`, without `.xml`. */
  readonly scenario: string;
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly transport?: 'udp' | 'tcp';
  /** Whom to call; absent: SIPp waits to be called. */
  readonly remote?: Address;
  /** User part of the Request-URI: the number that is dialled. */
  readonly service?: string;
  /** What SIPp's `[authentication]` takes for the Request-URI, without `sip:`; default: address and port of `remote`. */
  readonly authUri?: string;
  /** Values for `[name]` in the scenario, such as `caller`. */
  readonly keys?: Readonly<Record<string, string>>;
  /** The numbers that call in turn, one per call, instead of the one in `keys.caller`; the display name has it too. */
  readonly callers?: readonly string[];
  /** Values for `{{name}}` in the scenario, such as `talk_ms`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** How many calls in all; default 1. */
  readonly calls?: number;
  /** How many at once; default 1. */
  readonly atOnce?: number;
  /** New calls per second; default 10. */
  readonly rate?: number;
  /** The tone that SIPp sends, in Hz. */
  readonly toneHz?: number;
  readonly timeoutSeconds?: number;
}

export interface SippResult {
  /** 0: every call went as the scenario says (sipp(1)). */
  readonly status: number | string;
  readonly errors: string;
  /** All messages that SIPp sent and received, as text. */
  readonly messages: string;
}

/** SIPp at work. `address` is where it can be called. */
export class Sipp {
  readonly address: Address;
  readonly mediaPort: number;
  readonly #child: Child;
  readonly #folder: string;
  readonly #name: string;

  private constructor(child: Child, address: Address, mediaPort: number, folder: string, name: string) {
    this.#child = child;
    this.address = address;
    this.mediaPort = mediaPort;
    this.#folder = folder;
    this.#name = name;
  }

  /** Starts it, and waits until its socket is bound when it is the one to be called. */
  static async start(options: SippOptions): Promise<Sipp> {
    const host = options.host ?? '127.0.0.1';
    const transport = options.transport ?? 'udp';
    const calls = options.calls ?? 1;
    const port = options.port ?? (await freePort(host));
    const mediaPort = freeMediaPorts(2 * Math.min(calls, options.atOnce ?? 1));
    const folder = mkdtempSync(join(tmpdir(), 'maskline-sipp-'));
    writeScenario(options, join(folder, 'scenario.xml'));
    writeFileSync(join(folder, 'tone.alaw'), toneFile(options.toneHz ?? 600));
    if (options.callers !== undefined) {
      writeFileSync(join(folder, 'callers.csv'), `SEQUENTIAL\n${options.callers.join('\n')}\n`);
    }
    const args = [
      ...(options.remote === undefined ? [] : [`${options.remote.host}:${options.remote.port}`]),
      ...['-sf', 'scenario.xml', '-i', host, '-p', String(port), '-mp', String(mediaPort), '-mi', host],
      ...['-t', transport === 'udp' ? 'u1' : 't1', '-nostdin', '-m', String(calls)],
      ...['-l', String(options.atOnce ?? 1), '-r', String(options.rate ?? 10)],
      ...['-timeout', `${options.timeoutSeconds ?? 15}s`, '-timeout_error'],
      ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
      ...(options.service === undefined ? [] : ['-s', options.service]),
      ...(options.authUri === undefined ? [] : ['-auth_uri', options.authUri]),
      ...(options.callers === undefined ? [] : ['-inf', 'callers.csv']),
      ...Object.entries({ caller: 'sipp', caller_name: 'SIPp', ...options.keys }).flatMap(([name, value]) => [
        '-key',
        name,
        value,
      ]),
    ];
    const child = startChild('sipp', args, { cwd: folder });
    const sipp = new Sipp(child, { host, port }, mediaPort, folder, options.scenario);
    if (options.remote === undefined) {
      const gone = child.exited.then((status) => {
        throw new Error(`SIPp ended with ${status} before it listened: ${sipp.#errors()}${child.output()}`);
      });
      await Promise.race([
        gone,
        until(
          () => isBound(transport, port),
          () => `for SIPp to listen on ${port}: ${sipp.#errors()}`,
        ),
      ]);
      gone.catch(() => {});
    }
    return sipp;
  }

  /** Waits for the end of all calls and removes the temporary folder. */
  async done(): Promise<SippResult> {
    const status = await this.#child.exited;
    const result = { status, errors: this.#errors(), messages: this.#read('messages.log') };
    rmSync(this.#folder, { recursive: true, force: true });
    return result;
  }

  /** As `done`, but throws with SIPp's own account of what went wrong. */
  async succeeded(): Promise<SippResult> {
    const result = await this.done();
    if (result.status !== 0) {
      const tail = result.messages.slice(-3_000);
      throw new Error(
        `SIPp ${this.#name} ended with ${result.status}\n${result.errors}\nlast messages:\n${tail}`,
      );
    }
    return result;
  }

  /** Ends it early. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #errors(): string {
    return this.#read('errors.log');
  }

  #read(name: string): string {
    return readdirSync(this.#folder).includes(name) ? readFileSync(join(this.#folder, name), 'utf8') : '';
  }
}

/** Starts SIPp as the caller and waits for its success. */
export async function runSipp(options: SippOptions & { readonly remote: Address }): Promise<SippResult> {
  return (await Sipp.start(options)).succeeded();
}

function writeScenario(options: SippOptions, path: string): void {
  const text = scenarioText(options.scenario, options.settings ?? {});
  writeFileSync(path, withCallers(text, options.callers));
}

/** SIPp takes the fields of the next line of its file for each call that it makes. */
function withCallers(source: string, callers: readonly string[] | undefined): string {
  if (callers === undefined) return source;
  return source.replaceAll('[caller]', '[field0]').replaceAll('[caller_name]', 'Driver [field0]');
}

/** A second of raw A-law, which SIPp loops; a whole number of periods, so that the loop does not click. */
function toneFile(hz: number): Uint8Array {
  const samples = Int16Array.from(
    { length: 8_000 },
    (_, i) => 8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000),
  );
  return encodeG711('PCMA', samples);
}
