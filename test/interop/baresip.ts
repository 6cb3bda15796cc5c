import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../src/sip/transport/types.ts';
import { freePort } from '../kit/free-port.ts';
import { type Child, freeMediaPorts, isBound, startChild, until } from './child.ts';
import { samplesOf, toneWav } from './wav.ts';

export interface BaresipOptions {
  readonly username: string;
  readonly host?: string;
  /** An account at a server, which baresip then registers; absent: it can only be called by its address. */
  readonly registrar?: { readonly address: Address; readonly domain: string; readonly password: string };
  /** Towards the registrar; default UDP. */
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** File with the authority that signed the registrar's certificate, for TLS. */
  readonly ca?: string;
  /** Answers by itself; default true. */
  readonly autoAnswer?: boolean;
  readonly toneHz?: number;
  /** SDES-SRTP: `srtp` offers RTP/AVP with keys and takes what comes, `srtp-mand` wants RTP/SAVP. */
  readonly encryption?: 'srtp' | 'srtp-mand';
  /** Offers this codec alone. Its recording then has the codec's rate. */
  readonly codec?: 'G722/16000/1' | 'PCMU/8000/1';
}

/** One line of baresip's event stream (ctrl_tcp), such as `CALL_ESTABLISHED` or `REGISTER_OK`. */
export interface BaresipEvent {
  readonly type: string;
  readonly peeruri?: string;
  readonly param?: string;
}

const RATE = 8_000;
const MODULES = ['g711.so', 'g722.so', 'srtp.so', 'aufile.so', 'aubridge.so', 'sndfile.so'];

/**
 * baresip without screen, keyboard and sound card: speaks a tone from a file, records what it hears to a file, and is
 * told what to do over its control socket.
 */
export class Baresip {
  readonly address: Address;
  readonly events: BaresipEvent[] = [];
  readonly #child: Child;
  readonly #folder: string;
  readonly #control: Socket;
  readonly #username: string;
  #rest = Buffer.alloc(0);

  private constructor(child: Child, folder: string, control: Socket, username: string, address: Address) {
    this.#child = child;
    this.#folder = folder;
    this.#control = control;
    this.#username = username;
    this.address = address;
    control.on('data', (bytes: Buffer) => this.#read(bytes));
    // The end of baresip ends the socket too.
    control.on('error', () => {});
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const host = options.host ?? '127.0.0.1';
    // baresip listens for TLS on the port above its SIP port.
    const port = await freePort(host, 2);
    const controlPort = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'maskline-baresip-'));
    writeFileSync(join(folder, 'tone.wav'), toneWav(options.toneHz ?? 700));
    writeFileSync(join(folder, 'config'), configText({ host, port, controlPort, folder, ca: options.ca }));
    writeFileSync(join(folder, 'accounts'), accountLine(options, { host, port }));
    writeFileSync(join(folder, 'contacts'), '');
    const child = startChild('baresip', ['-4', '-f', folder, '-v']);
    const failed = child.exited.then((status) => {
      throw new Error(`baresip ended with ${status}:\n${child.output()}`);
    });
    const ready = until(
      () => child.output().includes('baresip is ready') && isBound('tcp', controlPort),
      () => `for baresip to be ready:\n${child.output()}`,
    );
    await Promise.race([failed, ready]);
    failed.catch(() => {});
    const control = await connected(controlPort);
    return new Baresip(child, folder, control, options.username, { host, port });
  }

  /** `sip:` URI under which this baresip can be called directly. */
  get uri(): string {
    return `sip:${this.#username}@${this.address.host}:${this.address.port}`;
  }

  /**
   * What the registrar said to the first registration, such as `200 OK` or `403 Forbidden`. Read from the output: the
   * event may have gone by before our control connection stood.
   */
  async registration(): Promise<string> {
    const said = (): string | undefined =>
      /(?:\{\d+\/\w+\/v[46]\}|reg: \S+:) (\d{3} \w+)/.exec(this.#child.output())?.[1];
    await until(
      () => said() !== undefined,
      () => `for the registration:\n${this.#child.output()}`,
    );
    return said()!;
  }

  dial(uri: string): void {
    this.#command('dial', uri);
  }

  answer(): void {
    this.#command('accept');
  }

  hangup(): void {
    this.#command('hangup');
  }

  /** Waits for an event, past ones included. */
  async waitFor(type: string, timeoutMs = 10_000): Promise<BaresipEvent> {
    const found = (): BaresipEvent | undefined => this.events.find((event) => event.type === type);
    await until(
      () => found() !== undefined,
      () =>
        `for ${type}; baresip told ${this.events.map((event) => event.type).join(', ')}\n${this.#child.output()}`,
      timeoutMs,
    );
    return found()!;
  }

  /** What it heard in its last call, at 8 kHz (at its codec's rate where that is G.722); complete once the call is closed. */
  heard(): Int16Array {
    const name = readdirSync(this.#folder)
      .filter((file) => file.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    if (name === undefined) return new Int16Array(0);
    return samplesOf(readFileSync(join(this.#folder, name)));
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    await this.#child.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #command(command: string, params = ''): void {
    const json = JSON.stringify({ command, params });
    this.#control.write(`${Buffer.byteLength(json)}:${json},`);
  }

  /** Netstrings of JSON: `12:{"event":…},`. */
  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const colon = this.#rest.indexOf(':');
      const length = Number(this.#rest.toString('latin1', 0, Math.max(0, colon)));
      if (colon < 0 || this.#rest.length < colon + length + 2) return;
      const message: unknown = JSON.parse(this.#rest.toString('utf8', colon + 1, colon + 1 + length));
      this.#rest = this.#rest.subarray(colon + length + 2);
      if (isEvent(message)) this.events.push(message);
    }
  }
}

function isEvent(message: unknown): message is BaresipEvent {
  return (
    typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string'
  );
}

function configText(parts: {
  readonly host: string;
  readonly port: number;
  readonly controlPort: number;
  readonly folder: string;
  readonly ca: string | undefined;
}): string {
  const media = freeMediaPorts(4);
  return [
    `sip_listen ${parts.host}:${parts.port}`,
    `net_interface ${parts.host}`,
    ...(parts.ca === undefined ? [] : [`sip_cafile ${parts.ca}`]),
    // aubridge is a sound card that nobody listens to; the recording is taken before it.
    'audio_player aubridge,nobody',
    'audio_alert aubridge,nobody',
    `audio_source aufile,${parts.folder}/tone.wav`,
    ...['ausrc', 'auplay'].flatMap((side) => [`${side}_srate ${RATE}`, `${side}_channels 1`]),
    `rtp_ports ${media}-${media + 8}`,
    `snd_path ${parts.folder}`,
    `module_path ${modulePath()}`,
    ...MODULES.map((name) => `module ${name}`),
    'module_tmp account.so',
    'module menu.so',
    'module ctrl_tcp.so',
    `ctrl_tcp_listen 127.0.0.1:${parts.controlPort}`,
    '',
  ].join('\n');
}

/** Debian's place; a multi-arch path in later releases. */
function modulePath(): string {
  const places = [
    '/usr/lib/baresip/modules',
    ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/baresip/modules`),
  ];
  const found = places.find((place) => {
    try {
      return readdirSync(place).includes('ctrl_tcp.so');
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('baresip has no modules here: run script/bootstrap --test');
  return found;
}

function accountLine(options: BaresipOptions, local: Address): string {
  const { username, registrar } = options;
  const media = [
    ...(options.encryption === undefined ? [] : [`;mediaenc=${options.encryption}`]),
    ...(options.codec === undefined ? [] : [`;audio_codecs=${options.codec}`]),
  ].join('');
  const answer = `${options.autoAnswer === false ? 'manual' : 'auto'}${media}`;
  if (registrar === undefined)
    return `<sip:${username}@${local.host}:${local.port}>;regint=0;answermode=${answer}\n`;
  const { address, domain, password } = registrar;
  const proxy = `outbound="sip:${address.host}:${address.port};transport=${options.transport ?? 'udp'}"`;
  return `<sip:${username}@${domain}>;auth_user=${username};auth_pass=${password};${proxy};regint=300;answermode=${answer}\n`;
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
