/**
 * The same bytes, read in other ways: escapes undone, base64 and hex decoded, NULs of UTF-16 left out. The scan looks
 * at every reading, and readings of readings, so that a secret is found in whatever wrapping it crosses.
 */
export interface View {
  /** How the bytes were read, such as `base64`, or `base64 in escapes`; empty for the bytes as they are. */
  readonly reading: string;
  readonly bytes: Buffer;
  /** Position in the original of each byte. */
  readonly offsets: Uint32Array;
}

/** Wrapped this deep: percent-escaped base64 of escaped text. */
const DEPTH = 3;
/** Shorter runs hold less than six bytes. */
const MIN_BASE64 = 8;
const MIN_HEX = 12;

/** The bytes as they are. */
export function plainView(bytes: Uint8Array): View {
  return {
    reading: '',
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    offsets: Uint32Array.from({ length: bytes.length }, (_, i) => i),
  };
}

/** The bytes as they are, and all other readings. */
export function viewsOf(bytes: Uint8Array): View[] {
  const views = [plainView(bytes)];
  for (let from = 0, depth = 0; depth < DEPTH; depth++) {
    const level = views.slice(from);
    from = views.length;
    for (const view of level) views.push(...readings(view));
  }
  return views;
}

function readings(view: View): View[] {
  return [
    withoutEscapes(view),
    withoutNuls(view),
    ...[0, 1, 2, 3].map((skip) => base64(view, skip)),
    ...[0, 1].map((skip) => hex(view, skip)),
  ].filter((reading) => reading !== undefined);
}

/** Collects the bytes of a new view. */
class Writer {
  readonly #bytes: number[] = [];
  readonly #offsets: number[] = [];

  push(byte: number, offset: number): void {
    this.#bytes.push(byte);
    this.#offsets.push(offset);
  }

  view(reading: string, of: View): View | undefined {
    if (this.#bytes.length === 0) return undefined;
    return {
      reading: of.reading === '' ? reading : `${reading} in ${of.reading}`,
      bytes: Buffer.from(this.#bytes),
      offsets: Uint32Array.from(this.#offsets),
    };
  }
}

/** Stands after each decoded run, so that two of them do not grow together. */
const RUN_END = 0x0a;
const PERCENT = 0x25;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** `%41` (URI), `=41` (RFC 2047 and quoted-printable) and `\u0041` (JSON). */
function withoutEscapes(view: View): View | undefined {
  const { bytes, offsets } = view;
  const out = new Writer();
  let found = false;
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i]!;
    const pair = byte === PERCENT || byte === EQUALS ? hexValue(bytes, i + 1, 2) : undefined;
    const unicode =
      byte === BACKSLASH && (bytes[i + 1] ?? 0) === 0x75 ? hexValue(bytes, i + 2, 4) : undefined;
    if (pair !== undefined) {
      out.push(pair, offsets[i]!);
      i += 3;
    } else if (unicode !== undefined) {
      for (const one of Buffer.from(String.fromCharCode(unicode))) out.push(one, offsets[i]!);
      i += 6;
    } else {
      out.push(byte, offsets[i]!);
      i += 1;
      continue;
    }
    found = true;
  }
  return found ? out.view('escapes', view) : undefined;
}

/** UTF-16 of Latin text is that text with NULs between. */
function withoutNuls(view: View): View | undefined {
  if (!view.bytes.includes(0)) return undefined;
  const out = new Writer();
  for (let i = 0; i < view.bytes.length; i++) {
    if (view.bytes[i] !== 0) out.push(view.bytes[i]!, view.offsets[i]!);
  }
  return out.view('utf-16', view);
}

/** All runs of base64 or base64url characters, decoded from the `skip`th character on; line breaks are stepped over. */
function base64(view: View, skip: number): View | undefined {
  const out = new Writer();
  for (const run of runs(view.bytes, BASE64_VALUE, MIN_BASE64)) {
    for (let i = skip; i + 1 < run.length; i += 4) {
      const values = run.slice(i, i + 4).map((at) => BASE64_VALUE[view.bytes[at]!]!);
      const [a = 0, b = 0, c, d] = values;
      const at = view.offsets[run[i]!]!;
      out.push(((a << 2) | (b >> 4)) & 0xff, at);
      if (c !== undefined) out.push(((b << 4) | (c >> 2)) & 0xff, at);
      if (c !== undefined && d !== undefined) out.push(((c << 6) | d) & 0xff, at);
    }
    out.push(RUN_END, view.offsets[run[0]!]!);
  }
  return out.view('base64', view);
}

function hex(view: View, skip: number): View | undefined {
  const out = new Writer();
  for (const run of runs(view.bytes, HEX_VALUE, MIN_HEX)) {
    for (let i = skip; i + 1 < run.length; i += 2) {
      const high = HEX_VALUE[view.bytes[run[i]!]!]!;
      const low = HEX_VALUE[view.bytes[run[i + 1]!]!]!;
      out.push((high << 4) | low, view.offsets[run[i]!]!);
    }
    out.push(RUN_END, view.offsets[run[0]!]!);
  }
  return out.view('hex', view);
}

/** Positions of the characters of each run; CR and LF inside one do not end it. */
function* runs(bytes: Buffer, values: Int8Array, minimum: number): Generator<number[]> {
  let run: number[] = [];
  for (let i = 0; i <= bytes.length; i++) {
    const byte = bytes[i];
    if (byte !== undefined && values[byte]! >= 0) {
      run.push(i);
    } else if (byte !== 0x0d && byte !== 0x0a) {
      if (run.length >= minimum) yield run;
      run = [];
    }
  }
}

function hexValue(bytes: Buffer, at: number, length: number): number | undefined {
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const digit = HEX_VALUE[bytes[i] ?? 0]!;
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

function tableOf(...alphabets: readonly string[]): Int8Array {
  const table = new Int8Array(256).fill(-1);
  for (const alphabet of alphabets) {
    for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  }
  return table;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const BASE64_VALUE = tableOf(`${LETTERS}+/`, `${LETTERS}-_`);
const HEX_VALUE = tableOf('0123456789abcdef', '0123456789ABCDEF');
