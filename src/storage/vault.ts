import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import type { KeyRing } from './key-ring.ts';

/** As key objects: from bytes, each use would make one anew. */
interface DerivedKeys {
  readonly seal: KeyObject;
  readonly index: KeyObject;
}

/** The id of the key under which a value was sealed, or an index made. */
export function keyIdOf(value: string): string {
  return value.slice(0, Math.max(0, value.indexOf('.')));
}

/** What a number becomes in a row. */
export interface SealedNumber {
  readonly sealed: string;
  readonly index: string;
}

/** NIST SP 800-38D §8.2.2: 96-bit random nonces, good for 2^32 values under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals values at rest: AES-256-GCM, bound to the place where they stand, so that a value copied into another column
 * does not open. Numbers also get a blind index (HMAC-SHA-256), by which equal numbers are found without opening any.
 * Both are written as `keyId.base64url`.
 */
export class Vault {
  readonly #random: Random;
  #currentId: string;
  readonly #keys = new Map<string, DerivedKeys>();
  /** A number object lives as long as its call and is written several times: seal it once per place. */
  #cache = new WeakMap<PhoneNumber, Map<string, SealedNumber>>();

  constructor(ring: KeyRing, random: Random) {
    this.#random = random;
    this.#currentId = ring.currentId;
    this.use(ring);
  }

  /**
   * Takes in keys that are new, and which one seals from now on. A key that was known stays for as long as the process lives,
   * so that a key file that somebody has damaged does not blind a node. Throws `storage/key-missing`.
   */
  use(ring: KeyRing): void {
    for (const [id, key] of ring.keys) {
      if (this.#keys.has(id)) continue;
      this.#keys.set(id, { seal: derive(key, 'maskline seal'), index: derive(key, 'maskline index') });
    }
    this.#key(ring.currentId);
    if (ring.currentId === this.#currentId) return;
    this.#currentId = ring.currentId;
    this.#cache = new WeakMap();
  }

  get currentKeyId(): string {
    return this.#currentId;
  }

  get keyIds(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** `place` names the column, such as `call_legs.number`; the same is needed to open. */
  seal(text: string, place: string, keyId: string = this.#currentId): string {
    const nonce = this.#random.bytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(keyId).seal, nonce);
    cipher.setAAD(Buffer.from(place));
    const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${keyId}.${body.toString('base64url')}`;
  }

  /** Throws `storage/key-missing` for an unknown key id and `storage/corrupt` for anything else that does not fit. */
  open(sealed: string, place: string): string {
    const key = this.#key(keyIdOf(sealed));
    const bytes = Buffer.from(sealed.slice(sealed.indexOf('.') + 1), 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new StorageError('storage/corrupt', `In ${place}.`);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.seal, bytes.subarray(0, NONCE_BYTES));
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return (
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch (error) {
      throw new StorageError('storage/corrupt', `In ${place}.`, { cause: error });
    }
  }

  /** The blind index of a text under the current key, for writing. */
  index(text: string): string {
    return this.#indexUnder(this.#currentId, text);
  }

  /** The blind indexes of a number under every key, for look-ups while keys are being changed. */
  indexesOf(number: PhoneNumber): string[] {
    return this.indexesOfText(number.reveal('store'));
  }

  /** The same for any other text. */
  indexesOfText(text: string): string[] {
    return this.keyIds.map((id) => this.#indexUnder(id, text));
  }

  sealNumber(number: PhoneNumber, place: string): SealedNumber {
    let places = this.#cache.get(number);
    if (places === undefined) {
      places = new Map();
      this.#cache.set(number, places);
    }
    let found = places.get(place);
    if (found === undefined) {
      const value = number.reveal('store');
      found = { sealed: this.seal(value, place), index: this.index(value) };
      places.set(place, found);
    }
    return found;
  }

  openNumber(sealed: string, place: string): PhoneNumber {
    return PhoneNumber.parse(this.open(sealed, place));
  }

  #indexUnder(keyId: string, text: string): string {
    return `${keyId}.${createHmac('sha256', this.#key(keyId).index).update(text).digest('base64url')}`;
  }

  #key(id: string): DerivedKeys {
    const key = this.#keys.get(id);
    if (key === undefined) throw new StorageError('storage/key-missing', `It has the id "${id}".`);
    return key;
  }
}

/** HKDF (RFC 5869): one key per use, so that a sealed value and an index never share one. */
function derive(key: Uint8Array, use: string): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync('sha256', key, '', use, 32)));
}
