/** One request to a speech server: the key in a header, no redirects, and an answer of a bounded size. */
import { SpeechError } from './speech-error.ts';

export interface SpeechServer {
  /** For messages. */
  readonly name: string;
  /** Up to and including the version: `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  /** Empty: the server asks for none. */
  readonly key: string;
}

/** The body of a 2xx answer. Rejects with a `SpeechError` that has the status and nothing of the answer. */
export async function post(
  server: SpeechServer,
  path: string,
  body: FormData | string,
  limits: { readonly signal: AbortSignal; readonly maxBytes: number },
): Promise<Buffer> {
  const { name, url, key } = server;
  const headers: Record<string, string> = {
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
  };
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
      method: 'POST',
      headers,
      body,
      signal: limits.signal,
      // Another place must not get the key, nor what was said.
      redirect: 'error',
    });
  } catch {
    throw new SpeechError(`${name} cannot be reached.`);
  }
  if (!response.ok) {
    await response.body?.cancel();
    const isOurs = response.status === 400 || response.status === 413 || response.status === 422;
    throw new SpeechError(`${name} answered ${response.status}.`, isOurs ? 'request' : 'provider');
  }
  return await readBounded(response, limits.maxBytes, name);
}

async function readBounded(response: Response, maxBytes: number, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > maxBytes) throw new SpeechError(`${name} gave more than was to be expected.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof SpeechError) throw error;
    throw new SpeechError(`${name} broke off its answer.`);
  }
  return Buffer.concat(chunks);
}
