/**
 * Signatures of what we send to a customer's server, by the Standard Webhooks convention
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): HMAC-SHA256 over
 * `id.timestamp.body`, so that nobody else can make a message, change one, or send an old one again much later.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../kernel/random.ts';

/** Part of a secret that says what it is, so that scanners of source code know it. */
const PREFIX = 'whsec_';
/** The convention asks for 24 to 64; 32 is the length of the hash, and more adds nothing (RFC 2104 §3). */
const SECRET_BYTES = 32;
/** How far a receiver's clock and ours may be apart, with the way of the message; as the libraries of the convention have it. */
const TOLERANCE_SECONDS = 5 * 60;

/** A type and not an interface, so that it is a record of headers for any HTTP client. */
export type SignatureHeaders = {
  readonly 'webhook-id': string;
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string;
  /** One for each secret, parted by spaces. */
  readonly 'webhook-signature': string;
};

/** A new secret: `whsec_` and 32 random bytes in base64. */
export function newSecret(random: Random): string {
  return PREFIX + Buffer.from(random.bytes(SECRET_BYTES)).toString('base64');
}

/**
 * The three header fields of a signed message.
 *
 * @param message.id the same for each attempt, so that the receiver knows what it has had already.
 * @param message.at of this attempt, milliseconds since the epoch.
 * @param message.body exactly as it is sent.
 * @param secrets all that the receiver may check with: while one is replaced by another, both sign.
 */
export function sign(
  message: { readonly id: string; readonly at: number; readonly body: string },
  secrets: readonly string[],
): SignatureHeaders {
  const timestamp = String(Math.floor(message.at / 1000));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets
      .map((secret) => `v1,${signature(secret, message.id, timestamp, message.body).toString('base64')}`)
      .join(' '),
  };
}

/**
 * Whether a message was signed with one of the secrets, at most five minutes from now. In constant time.
 *
 * @param now milliseconds since the epoch.
 */
export function verify(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string,
  secrets: readonly string[],
  now: number,
): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const given = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof given !== 'string') return false;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Math.floor(now / 1000) - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const expected = secrets.map((secret) => signature(secret, id, timestamp, body));
  return given
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'))
    .some((one) => expected.some((other) => one.length === other.length && timingSafeEqual(one, other)));
}

function signature(secret: string, id: string, timestamp: string, body: string): Buffer {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
}
