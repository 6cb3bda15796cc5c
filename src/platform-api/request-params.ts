import type { FastifyRequest } from 'fastify';
import { PlatformError } from './errors.ts';
import type { RawParams } from './params.ts';

/** Parameters of one request; no command has half as many. */
const MAX_PARAMS = 200;

/** What stands in the URL. */
export function queryParams(request: FastifyRequest): Map<string, string | Uint8Array> {
  const { url } = request;
  const at = url.indexOf('?');
  return collect(new URLSearchParams(at < 0 ? '' : url.slice(at + 1)));
}

/** What came in the body, after what stood in the URL. */
export async function bodyParams(
  query: RawParams,
  contentType: string | undefined,
  body: Uint8Array,
): Promise<RawParams> {
  if (body.length === 0) return query;
  const all = new Map(query);
  for (const [name, value] of await readBody(contentType ?? '', body)) all.set(name, value);
  if (all.size > MAX_PARAMS) throw new PlatformError(101, { detail: 'too many parameters' });
  return all;
}

async function readBody(contentType: string, body: Uint8Array): Promise<RawParams> {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') {
    refuseMany(body, '&');
    return collect(new URLSearchParams(new TextDecoder().decode(body)));
  }
  if (type === 'multipart/form-data') return await readMultipart(contentType, body);
  if (type === 'application/json') return readJson(body);
  // A table as the body itself, with the parameters in the URL (voximplant.com/docs/references/httpapi/calllists).
  return new Map([['file_content', body]]);
}

/** RFC 7578, read by the same code that reads `fetch` answers. */
async function readMultipart(contentType: string, body: Uint8Array): Promise<RawParams> {
  const boundary = /boundary="?([^";]{1,70})/i.exec(contentType)?.[1];
  if (boundary !== undefined) refuseMany(body, `--${boundary}`);
  let form: FormData;
  try {
    const headers = { 'content-type': contentType };
    form = await new Response(Uint8Array.from(body), { headers }).formData();
  } catch {
    throw new PlatformError(101, { detail: 'the multipart body cannot be read' });
  }
  const all = new Map<string, string | Uint8Array>();
  for (const [name, value] of form) {
    bounded(all);
    if (!all.has(name)) all.set(name, typeof value === 'string' ? value : await value.bytes());
  }
  return all;
}

/** Before it is parsed: a body of tiny parts would keep the thread for a tenth of a second. */
function refuseMany(body: Uint8Array, mark: string): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let at = bytes.indexOf(mark);
  for (let seen = 0; at >= 0; seen++) {
    if (seen > MAX_PARAMS) throw new PlatformError(101, { detail: 'too many parameters' });
    at = bytes.indexOf(mark, at + mark.length);
  }
}

/** A flat object: what would stand in a form. */
function readJson(body: Uint8Array): RawParams {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new PlatformError(101, { detail: 'the JSON body cannot be read' });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new PlatformError(101, { detail: 'the JSON body is no object' });
  }
  const all = new Map<string, string>();
  for (const [name, inner] of Object.entries(value)) {
    bounded(all);
    if (inner === null) continue;
    all.set(name, typeof inner === 'object' ? JSON.stringify(inner) : String(inner));
  }
  return all;
}

/** The first of several with one name. */
function collect(search: URLSearchParams): Map<string, string | Uint8Array> {
  const all = new Map<string, string | Uint8Array>();
  for (const [name, value] of search) {
    bounded(all);
    if (!all.has(name)) all.set(name, value);
  }
  return all;
}

function bounded(all: ReadonlyMap<string, unknown>): void {
  if (all.size >= MAX_PARAMS) throw new PlatformError(101, { detail: 'too many parameters' });
}
