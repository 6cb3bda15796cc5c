import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toneShare } from '../../src/media/goertzel.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import { freePort } from '../kit/free-port.ts';
import { type Child, freeMediaPorts, startChild, until } from './child.ts';
import { middle, rateOf, samplesOf, toneWav } from './wav.ts';

export interface LinphoneOptions {
  readonly username: string;
  readonly password: string;
  readonly domain: string;
  readonly registrar: Address;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Authority that signed the server's certificate, for TLS. */
  readonly ca?: string;
  /** SRTP by SDES, and nothing else. */
  readonly srtp?: boolean;
  readonly toneHz?: number;
}

/**
 * linphone on its command line (`linphonec`), without sound card: speaks a tone from a file, records what it hears to
 * another, answers by itself.
 */
export class Linphone {
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  static async start(options: LinphoneOptions): Promise<Linphone> {
    const folder = mkdtempSync(join(tmpdir(), 'maskline-linphone-'));
    const port = await freePort();
    writeFileSync(join(folder, 'tone.wav'), toneWav(options.toneHz ?? 700));
    writeFileSync(join(folder, 'linphonerc'), settingsText(options, port));
    // Without a place for its database it does not even open its sockets.
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true });
    const child = startChild('linphonec', ['-c', join(folder, 'linphonerc'), '-a'], {
      cwd: folder,
      input: true,
      env: { HOME: folder },
    });
    const linphone = new Linphone(child, folder);
    child.say('soundcard use files');
    child.say('play tone.wav');
    child.say('record heard.wav');
    return linphone;
  }

  /** Waits until its output has a text that fits. */
  async says(text: RegExp, timeoutMs = 10_000): Promise<void> {
    await until(
      () => text.test(this.#child.output()),
      () => `for linphone to say ${text}:\n${this.#child.output()}`,
      timeoutMs,
    );
  }

  /** Waits until the registrar has taken it. linphone tells this to those who ask only. */
  async registered(): Promise<void> {
    let asked = 0;
    await until(
      () => {
        if (asked++ % 20 === 0) this.#child.say('status register');
        return /^(?:linphonec> )?registered, identity=/m.test(this.#child.output());
      },
      () => `for the registration:\n${this.#child.output()}`,
    );
  }

  dial(uri: string): void {
    this.#child.say(`call ${uri}`);
  }

  hangup(): void {
    this.#child.say('terminate all');
  }

  /** Which share of what it heard in its last call is this tone: the median of tenths of a second. */
  shareHeard(hz: number): number {
    const path = join(this.#folder, 'heard.wav');
    if (!existsSync(path)) return 0;
    const file = readFileSync(path);
    const heard = middle(samplesOf(file));
    // It records at a rate of its own choice. Its jitter buffer stretches and drops sound, so that only short pieces
    // have one phase.
    const rate = rateOf(file);
    const size = Math.floor(rate / 10);
    const pieces = Array.from({ length: Math.floor(heard.length / size) }, (_, i) =>
      toneShare(heard.subarray(i * size, (i + 1) * size), hz, rate),
    );
    return pieces.sort((a, b) => a - b)[pieces.length >> 1] ?? 0;
  }

  /** Unregisters and ends. */
  async stop(): Promise<void> {
    this.#child.say('quit');
    const late = setTimeout(() => void this.#child.stop('SIGKILL').catch(() => {}), STOP_MS);
    await this.#child.exited.catch(() => {}).finally(() => clearTimeout(late));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const STOP_MS = 4_000;

/** `linphonerc`: one account, one codec of the telephone network, no look at the world around it. */
function settingsText(options: LinphoneOptions, port: number): string {
  const { username, domain, registrar, transport } = options;
  const place = `sip:${registrar.host}:${registrar.port};transport=${transport}`;
  const listens = (name: string): number => (transport === name ? port : 0);
  const media = freeMediaPorts(2);
  return [
    '[sip]',
    `sip_port=${listens('udp')}`,
    `sip_tcp_port=${listens('tcp')}`,
    `sip_tls_port=${listens('tls')}`,
    ...(options.ca === undefined ? [] : [`root_ca=${options.ca}`]),
    'verify_server_certs=1',
    'verify_server_cn=0',
    `media_encryption=${options.srtp === true ? 'srtp' : 'none'}`,
    `media_encryption_mandatory=${options.srtp === true ? 1 : 0}`,
    'default_proxy=0',
    'use_ipv6=0',
    'guess_hostname=0',
    'ping_with_options=0',
    'publish_presence=0',
    '[rtp]',
    `audio_rtp_port=${media}`,
    '[proxy_0]',
    `reg_proxy=<${place}>`,
    `reg_route=<${place};lr>`,
    `reg_identity=sip:${username}@${domain}`,
    'reg_expires=300',
    'reg_sendregister=1',
    'publish=0',
    '[auth_info_0]',
    `username=${username}`,
    `passwd=${options.password}`,
    `realm=${domain}`,
    '[audio_codec_0]',
    'mime=PCMA',
    'rate=8000',
    'channels=1',
    'enabled=1',
    '',
  ].join('\n');
}
