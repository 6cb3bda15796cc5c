/**
 * One request to a speech server: the key in a header, no redirects, and an answer of a bounded size. Node's own `http`
 * and not `fetch`, which loses an error of its own when a form is aborted while it is sent.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SpeechError } from './speech-error.ts';

export interface SpeechServer {
  /** For messages. */
  readonly name: string;
  /** Up to and including the version: `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  /** Empty: the server asks for none. */
  readonly key: string;
}

export interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

export const jsonBody = (value: unknown): Body => ({
  type: 'application/json',
  bytes: Buffer.from(JSON.stringify(value)),
});

/** A form (RFC 7578) with one file. `Response` knows how it is written. */
export async function formBody(form: FormData): Promise<Body> {
  const written = new Response(form);
  return { type: written.headers.get('content-type') ?? '', bytes: Buffer.from(await written.arrayBuffer()) };
}

/** The body of a 2xx answer. Rejects with a `SpeechError` that has the status and nothing of the answer. */
export function post(
  server: SpeechServer,
  path: string,
  body: Body,
  limits: { readonly signal: AbortSignal; readonly maxBytes: number },
): Promise<Buffer> {
  const { name, url, key } = server;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const target = new URL(`${url.replace(/\/+$/, '')}${path}`);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(target, {
    method: 'POST',
    signal: limits.signal,
    headers: {
      'content-type': body.type,
      'content-length': body.bytes.length,
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    },
  });
  request.on('error', () => reject(new SpeechError(`${name} cannot be reached.`)));
  request.on('response', (response) => {
    readBounded(response, limits.maxBytes, name).then(resolve, (error: unknown) => {
      request.destroy();
      reject(error instanceof SpeechError ? error : new SpeechError(`${name} broke off its answer.`));
    });
  });
  request.end(body.bytes);
  return promise;
}

async function readBounded(response: IncomingMessage, maxBytes: number, name: string): Promise<Buffer> {
  const { statusCode: status = 0 } = response;
  if (status < 200 || status > 299) {
    const isOurs = status === 400 || status === 413 || status === 422;
    throw new SpeechError(`${name} answered ${status}.`, isOurs ? 'request' : 'provider');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new SpeechError(`${name} gave more than was to be expected.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
