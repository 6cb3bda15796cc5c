import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { MasklineError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { TlsMaterial } from '../sip/transport/types.ts';

/** Paths of PEM files. `certificate` and `key` come together. */
export interface CertificatePaths {
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
}

/** How often the files are looked at. Names behind links (certbot, Kubernetes) are not seen by file events. ms */
const POLL_MS = 5_000;
/** A certificate that ends within this time is warned about whenever it is read. ms */
const EXPIRY_WARNING_MS = 14 * 86_400_000;

interface Entry {
  readonly paths: CertificatePaths;
  material: TlsMaterial;
  /** What the files looked like when they were read. */
  seen: string;
}

/**
 * The PEM files that settings and trunks name: read when they are first asked for, and again when they have changed.
 * Files that cannot be used leave what was there before in place: a half-written certificate must not stop calls.
 */
export class CertificateFiles {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Promise<Entry>>();
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What the files hold, always as of now. Rejects with `config/invalid` when they cannot be used. */
  async open(paths: CertificatePaths): Promise<() => TlsMaterial> {
    const key = JSON.stringify([paths.certificate, paths.key, paths.ca]);
    let opened = this.#entries.get(key);
    if (opened === undefined) {
      opened = this.#first(paths);
      this.#entries.set(key, opened);
      opened.catch(() => this.#entries.delete(key));
      this.#watch();
    }
    const entry = await opened;
    return () => entry.material;
  }

  /** Reads what has changed, now. Never rejects: problems are logged. */
  async reload(): Promise<void> {
    const entries = await Promise.allSettled(this.#entries.values());
    for (const one of entries) if (one.status === 'fulfilled') await this.#refresh(one.value);
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#entries.clear();
  }

  async #first(paths: CertificatePaths): Promise<Entry> {
    const seen = await looksOf(paths);
    const entry = { paths, material: await readMaterial(paths), seen };
    this.#warnOfExpiry(entry);
    return entry;
  }

  async #refresh(entry: Entry): Promise<void> {
    const { paths } = entry;
    try {
      const seen = await looksOf(paths);
      if (seen === entry.seen) return;
      entry.material = await readMaterial(paths);
      entry.seen = seen;
      this.#log.info({ files: paths }, 'certificates were read again; new connections use them');
      this.#warnOfExpiry(entry);
    } catch (error) {
      this.#log.error({ err: error, files: paths }, 'changed certificates cannot be used; the old ones stay');
    }
  }

  #warnOfExpiry({ paths, material }: Entry): void {
    if (material.certificate === undefined) return;
    const until = new X509Certificate(material.certificate).validToDate.getTime();
    if (until - this.#clock.now() < EXPIRY_WARNING_MS) {
      const validTo = new Date(until).toISOString();
      this.#log.warn({ file: paths.certificate, validTo }, 'a certificate ends soon, or has ended');
    }
  }

  #watch(): void {
    if (this.#closed) return;
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      void this.reload().then(() => this.#watch());
    }, POLL_MS);
  }
}

/** Changes when one of the files does, or when a link leads elsewhere. */
async function looksOf(paths: CertificatePaths): Promise<string> {
  const files = [paths.certificate, paths.key, paths.ca].filter((path) => path !== undefined);
  const looks = await Promise.all(
    files.map(async (path) => {
      const { mtimeMs, size, ino } = await stat(path).catch((error: unknown) => unreadable(path, error));
      return `${mtimeMs} ${size} ${ino}`;
    }),
  );
  return looks.join('|');
}

async function readMaterial(paths: CertificatePaths): Promise<TlsMaterial> {
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined
      ? undefined
      : await readFile(path, 'utf8').catch((error: unknown) => unreadable(path, error));
  const [certificate, key, ca] = await Promise.all([
    read(paths.certificate),
    read(paths.key),
    read(paths.ca),
  ]);
  if ((certificate === undefined) !== (key === undefined)) {
    const path = paths.certificate ?? paths.key;
    throw new MasklineError('config/invalid', `${path}: a certificate and its key belong together.`);
  }
  const material = {
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
  try {
    // Checks that all is PEM, and that key and certificate belong together.
    createSecureContext({ cert: certificate, key, ca });
  } catch (error) {
    const files = Object.values(paths).join(', ');
    throw new MasklineError(
      'config/invalid',
      `${files}: no usable PEM files, or key and certificate differ.`,
      {
        cause: error,
      },
    );
  }
  return material;
}

function unreadable(path: string, error: unknown): never {
  throw new MasklineError('config/invalid', `The file ${path} cannot be read.`, { cause: error });
}
