import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a torture message must read as; written from the text of its section. Members that are absent are not checked. */
export interface Expected {
  readonly section: string;
  readonly title: string;
  /** A request: `ok`, or the status it is answered with. A response: whether it can be used. */
  readonly verdict: 'ok' | number | 'usable' | 'unusable';
  readonly reads: {
    readonly method?: string;
    readonly uri?: string;
    readonly status?: number;
    readonly reason?: string;
    readonly requestUri?: Readonly<Record<string, string>>;
    readonly from?: Party;
    readonly to?: Party;
    readonly callId?: string;
    readonly cseq?: readonly [number, string];
    readonly maxForwards?: number;
    /** `TRANSPORT host branch` */
    readonly vias?: readonly string[];
    readonly contacts?: readonly string[];
    readonly routes?: readonly string[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly bodyBytes?: number;
  };
  readonly note?: string;
}

export interface Party {
  readonly displayName?: string;
  readonly scheme?: string;
  readonly user?: string;
  /** `null`: there is none. */
  readonly tag?: string | null;
}

export interface Torture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: Expected;
}

const folder = fileURLToPath(new URL('./rfc4475/', import.meta.url));

/** All messages of RFC 4475, each with its expected reading. */
export const corpus: readonly Torture[] = readdirSync(folder)
  .filter((file) => file.endsWith('.dat'))
  .map((file) => {
    const name = file.slice(0, -'.dat'.length);
    const expected: Expected = JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8'));
    return { name, bytes: readFileSync(`${folder}${file}`), expected };
  });
