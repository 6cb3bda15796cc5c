import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../kit/free-port.ts';
import { type Child, startChild, until } from './child.ts';
import { type CapturedPacket, readPcap } from './pcap.ts';

/** A capture of the loopback. tshark needs root, or membership of the group `wireshark`. */
export class Capture {
  readonly path: string;
  readonly #child: Child;
  readonly #folder: string;
  readonly #probePort: number;

  private constructor(child: Child, folder: string, path: string, probePort: number) {
    this.#child = child;
    this.#folder = folder;
    this.path = path;
    this.#probePort = probePort;
  }

  /**
   * Captures what fits the filter (pcap-filter(7), such as `udp portrange 16000-21000 or port 5060`). Resolves when it
   * really captures: a datagram of our own has turned up in the file.
   */
  static async start(filter: string): Promise<Capture> {
    const probePort = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'maskline-capture-'));
    const path = join(folder, 'capture.pcap');
    const whole = `(${filter}) or udp port ${probePort}`;
    const child = startChild('tshark', ['-i', 'lo', '-q', '-B', '16', '-f', whole, '-F', 'pcap', '-w', path]);
    const capture = new Capture(child, folder, path, probePort);
    try {
      await capture.#seen('capture-begins');
    } catch (error) {
      await capture.discard();
      throw error;
    }
    return capture;
  }

  /** Everything up to now, in order, without our own probes. Ends the capture; `discard` removes the file. */
  async finish(): Promise<CapturedPacket[]> {
    await this.#seen('capture-ends');
    await this.#child.stop('SIGINT');
    return this.#packets().filter((packet) => packet.to.port !== this.#probePort);
  }

  /** tshark's own reading: one row per packet that fits the display filter, one column per field. */
  async decode(displayFilter: string, fields: readonly string[]): Promise<string[][]> {
    const args = ['-r', this.path, '-Y', displayFilter, '-T', 'fields', '-E', 'separator=/t'];
    const child = startChild('tshark', [...args, ...fields.flatMap((field) => ['-e', field])]);
    const status = await child.exited;
    if (status !== 0) throw new Error(`tshark -r ended with ${status}: ${child.output()}`);
    const rows = child.output().split('\n');
    return rows
      .filter((row) => row !== '' && !row.startsWith('Running as user'))
      .map((row) => row.split('\t'));
  }

  /** Ends the capture if need be and removes the file. */
  async discard(): Promise<void> {
    await this.#child.stop('SIGKILL').catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #packets(): CapturedPacket[] {
    return existsSync(this.path) && readFileSync(this.path).length >= 24
      ? readPcap(readFileSync(this.path))
      : [];
  }

  /** Sends a word to the probe port until it stands in the file: then all that was sent before stands there too. */
  async #seen(word: string): Promise<void> {
    const socket = createSocket('udp4');
    // Nobody listens there; what the kernel says of that is no matter.
    socket.on('error', () => {});
    let ended: number | string | undefined;
    void this.#child.exited.then(
      (status) => {
        ended = status;
      },
      (error: Error) => {
        ended = error.message;
      },
    );
    try {
      await until(
        () => {
          if (ended !== undefined) throw new Error(`tshark ended (${ended}): ${this.#child.output()}`);
          socket.send(word, this.#probePort, '127.0.0.1');
          return this.#packets().some(
            (packet) => packet.to.port === this.#probePort && packet.bytes.toString('latin1') === word,
          );
        },
        () => `for tshark to write what it sees: ${this.#child.output()}`,
      );
    } finally {
      socket.close();
    }
  }
}
