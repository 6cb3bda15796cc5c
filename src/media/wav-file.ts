/**
 * A recording on disk: created exclusively, readable by its owner only, written in order, and its header is rewritten
 * every second, data first, so that the file plays at any moment, also when the process has been killed.
 */
import { close, fdatasync, open, write } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { readWavInfo, WAV_HEADER, WavError, wavHeader } from './wav.ts';

/** Batches that wait for a slow disk: at half a second each about half a minute of sound, 1 MB. */
const MAX_WAITING = 64;
/** Batches come twice a second, so the header is at most a second behind the sound. */
const BATCHES_PER_HEADER = 2;
/** RIFF lengths have 32 bits. */
const MAX_BYTES = 0xffffffff - WAV_HEADER;

export interface WavFileEvents {
  /** Created; the header is on disk. */
  readonly onStarted: () => void;
  /** Complete on disk, `dataBytes` of sound. Once, and not after `onError`. */
  readonly onFinished: (dataBytes: number) => void;
  /** Ended early; `dataBytes` that the header on disk tells of play. Once, and not after `onFinished`. */
  readonly onError: (error: Error, dataBytes: number) => void;
}

export class WavFile {
  readonly #channels: 1 | 2;
  readonly #events: WavFileEvents;
  readonly #waiting: Buffer[] = [];
  #descriptor = -1;
  #dataBytes = 0;
  /** What the header on disk says. */
  #headerBytes = 0;
  #batches = 0;
  #busy = true;
  #finishing = false;
  #ended = false;

  constructor(path: string, channels: 1 | 2, events: WavFileEvents) {
    this.#channels = channels;
    this.#events = events;
    open(path, 'wx', 0o600, (error, descriptor) => {
      if (error !== null) {
        this.#failIdle(error);
        return;
      }
      this.#descriptor = descriptor;
      this.#write(wavHeader(channels, 0), 0, () => {
        this.#events.onStarted();
        this.#continue();
      });
    });
  }

  /** Queues sound. Does nothing after an error or `finish`. */
  append(batch: Buffer): void {
    if (this.#ended || this.#finishing) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#fail(new Error('The disk is too slow for the recording.'));
      return;
    }
    this.#waiting.push(batch);
    if (!this.#busy) this.#continue();
  }

  /** Writes what waits, then closes; `onFinished` follows unless an error came first. */
  finish(): void {
    if (this.#finishing || this.#ended) return;
    this.#finishing = true;
    if (!this.#busy) this.#continue();
  }

  #continue(): void {
    this.#busy = false;
    if (this.#ended) {
      this.#closeDescriptor();
      return;
    }
    const batch = this.#waiting.length > 1 ? Buffer.concat(this.#waiting) : this.#waiting[0];
    this.#waiting.length = 0;
    if (batch !== undefined) this.#store(batch);
    else if (this.#finishing) this.#complete();
  }

  #store(batch: Buffer): void {
    if (this.#dataBytes + batch.length > MAX_BYTES) {
      this.#fail(new Error('The recording is longer than WAV allows.'));
      return;
    }
    this.#busy = true;
    this.#write(batch, WAV_HEADER + this.#dataBytes, () => {
      this.#dataBytes += batch.length;
      this.#batches += 1;
      if (this.#batches % BATCHES_PER_HEADER === 0) this.#patchHeader(() => this.#continue());
      else this.#continue();
    });
  }

  #patchHeader(done: () => void): void {
    this.#headerBytes = this.#dataBytes;
    this.#write(wavHeader(this.#channels, this.#dataBytes), 0, done);
  }

  #complete(): void {
    this.#busy = true;
    if (this.#headerBytes === this.#dataBytes) this.#sync();
    else this.#patchHeader(() => this.#sync());
  }

  #sync(): void {
    fdatasync(this.#descriptor, (error) => {
      if (error !== null) {
        this.#failIdle(error);
        return;
      }
      this.#ended = true;
      this.#closeDescriptor(() => this.#events.onFinished(this.#dataBytes));
    });
  }

  /** Writes all of it, also when the system takes it in pieces. */
  #write(bytes: Buffer, at: number, done: () => void): void {
    write(this.#descriptor, bytes, 0, bytes.length, at, (error, written) => {
      if (error !== null) {
        this.#failIdle(error);
        return;
      }
      if (written === 0) this.#failIdle(new Error('The disk takes no more.'));
      else if (written < bytes.length) this.#write(bytes.subarray(written), at + written, done);
      else done();
    });
  }

  #fail(error: Error): void {
    this.#waiting.length = 0;
    // A write that is still under way (a slow disk) closes the descriptor when it returns, in #continue.
    if (!this.#busy) this.#closeDescriptor();
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onError(error, this.#headerBytes);
  }

  /** An operation of the system failed; nothing is under way any more. */
  #failIdle(error: Error): void {
    this.#busy = false;
    this.#fail(error);
  }

  #closeDescriptor(done: () => void = () => {}): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor < 0) done();
    else close(descriptor, () => done());
  }
}

export interface RepairedWav {
  readonly seconds: number;
  readonly bytes: number;
  readonly channels: 1 | 2;
}

/**
 * Makes the header of a recording, whose process died, say exactly what is there. For use at the next start, when
 * nobody writes the file any more. Throws `WavError` if the file is no recording of ours, or the system's error.
 */
export async function repairWav(path: string): Promise<RepairedWav> {
  const file = await openFile(path, 'r+');
  try {
    return await repair(file);
  } finally {
    await file.close();
  }
}

async function repair(file: FileHandle): Promise<RepairedWav> {
  const header = Buffer.alloc(WAV_HEADER);
  const { size } = await file.stat();
  const { bytesRead } = await file.read(header, 0, WAV_HEADER, 0);
  if (bytesRead < WAV_HEADER || header.toString('latin1', 36, 40) !== 'data')
    throw new WavError('This is not a recording of ours: its header is incomplete.');
  const { channels, width, rate } = readWavInfo(header);
  if (width !== 2 || rate !== 8000 || (channels !== 1 && channels !== 2))
    throw new WavError('This is not a recording of ours: another format.');
  const step = 2 * channels;
  const dataBytes = Math.floor((size - WAV_HEADER) / step) * step;
  await file.truncate(WAV_HEADER + dataBytes);
  await file.write(wavHeader(channels, dataBytes), 0, WAV_HEADER, 0);
  await file.datasync();
  return { seconds: dataBytes / step / 8000, bytes: WAV_HEADER + dataBytes, channels };
}
