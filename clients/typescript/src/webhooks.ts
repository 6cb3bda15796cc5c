/**
 * Is a request really from Maskline? Webhooks, questions at call time and vetoes are all signed by the Standard Webhooks
 * convention (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.
 */

/** Seconds between a request's time and ours; the convention's own. Older ones may be replays. */
const TOLERANCE_SECONDS = 5 * 60;

export interface SignedRequest {
  /** The body exactly as it came, before anything has parsed it. */
  readonly body: string | Uint8Array;
  /** As Node has them (`request.headers`), or as `fetch` has them. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface VerifyOptions {
  /** `whsec_…`. Several while one is being changed: any of them is good. */
  readonly secret: string | readonly string[];
  /** Milliseconds since the epoch; default: now. */
  readonly now?: number;
}

/** Somebody else sent it, or it was changed on the way, or it is old. Answer with 400 and do nothing. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/**
 * The parsed body of a signed request, and its id: an event is delivered at least once, each time under the same id, so that
 * an id which was seen before needs nothing but the answer 204.
 *
 * @throws SignatureError
 */
export async function verifySigned<Body = unknown>(
  request: SignedRequest,
  options: VerifyOptions,
): Promise<{ readonly id: string; readonly body: Body }> {
  const id = headerOf(request, 'webhook-id');
  const timestamp = headerOf(request, 'webhook-timestamp');
  const now = (options.now ?? Date.now()) / 1000;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS)
    throw new SignatureError('The request is older than five minutes, or a clock is wrong.');
  const body = typeof request.body === 'string' ? new TextEncoder().encode(request.body) : request.body;
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  for (const secret of secrets) {
    for (const signature of headerOf(request, 'webhook-signature').split(' ')) {
      if (await isSignature(signature, secret, signed))
        return { id, body: JSON.parse(new TextDecoder().decode(body)) as Body };
    }
  }
  throw new SignatureError('No signature of the request fits; look whether the secret is the right one.');
}

/** `v1,` and Base64. Web Crypto compares in constant time. */
async function isSignature(signature: string, secret: string, signed: Uint8Array): Promise<boolean> {
  const [version, text = ''] = signature.split(',');
  if (version !== 'v1') return false;
  const given = base64(text);
  const raw = base64(secret.replace(/^whsec_/, ''));
  if (given === undefined) return false;
  if (raw === undefined) throw new TypeError('The secret is not one of Maskline: they begin with whsec_.');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' } as const;
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify']);
  return await crypto.subtle.verify('HMAC', key, given, new Uint8Array(signed));
}

function headerOf({ headers }: SignedRequest, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string') throw new SignatureError(`The request has no header ${name}.`);
  return value;
}

/** Undefined: it is not Base64, or nothing. */
function base64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
