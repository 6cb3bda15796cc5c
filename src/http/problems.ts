import { STATUS_CODES } from 'node:http';
import { ERRORS } from '../kernel/errors.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';

interface Meaning {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
  readonly hint: string;
}

/** Failures of the API itself, and of what is stored (`entry/…`, `storage/…`), as `code` names them. */
export const HTTP_ERRORS = {
  'request/invalid': {
    status: 400,
    retryable: false,
    title: 'The request is not as this route takes it.',
    hint: 'Correct the fields that `fields` names; GET /openapi.json describes every route.',
  },
  'request/malformed': {
    status: 400,
    retryable: false,
    title: 'The request cannot be read.',
    hint: 'Send well-formed HTTP, percent-encoded URLs, and JSON bodies in UTF-8.',
  },
  'request/cursor': {
    status: 400,
    retryable: false,
    title: 'The cursor is not one of ours.',
    hint: 'Pass `next` of the page before, unchanged, or leave `cursor` out to begin.',
  },
  'key/missing': {
    status: 401,
    retryable: false,
    title: 'The request has no API key.',
    hint: 'Send the header `Authorization: Bearer mk_…`; `maskline keys create` makes a key.',
  },
  'key/unknown': {
    status: 401,
    retryable: false,
    title: 'The API key is not known, or was revoked.',
    hint: 'Check the key for missing characters, or make a new one with `maskline keys create`.',
  },
  'key/scope': {
    status: 403,
    retryable: false,
    title: 'The API key may not do that.',
    hint: 'Use a key that has the scope which the message names.',
  },
  'key/application': {
    status: 403,
    retryable: false,
    title: 'That belongs to the whole node, and the API key is bound to one application.',
    hint: 'Use a key that is not bound to an application.',
  },
  'rate/requests': {
    status: 429,
    retryable: true,
    title: 'The API key has asked too often.',
    hint: 'Wait as long as the Retry-After header says; http.requestsPerMinute sets the limit.',
  },
  'rate/failures': {
    status: 429,
    retryable: true,
    title: 'Too many requests with a missing or wrong API key came from this address.',
    hint: 'Wait as long as the Retry-After header says, and correct the key; http.failuresPerMinute sets the limit.',
  },
  'route/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such route.',
    hint: 'GET /openapi.json lists all routes.',
  },
  'route/method': {
    status: 405,
    retryable: false,
    title: 'The route does not take that method.',
    hint: 'Use one of the methods of the Allow header.',
  },
  'call/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such call.',
    hint: 'GET /v1/calls lists the calls that this key may see.',
  },
  'recording/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such recording.',
    hint: 'GET /v1/calls/{id} names the recordings of a call.',
  },
  'recording/unfinished': {
    status: 409,
    retryable: true,
    title: 'The recording is still being written.',
    hint: 'Ask again when its status is `complete` or `partial`.',
  },
  'recording/gone': {
    status: 404,
    retryable: false,
    title: 'The file of the recording is no longer there.',
    hint: 'Look for it in a backup of the recordings folder; another node that keeps its own folder may have it.',
  },
  'transcript/none': {
    status: 404,
    retryable: false,
    title: 'No transcript of the recording was asked for.',
    hint: 'Record with `transcribe: true` in the scenario.',
  },
  'transcript/unfinished': {
    status: 409,
    retryable: true,
    title: 'The recording is not recognised yet.',
    hint: 'Ask again later; recordings are recognised one after the other when they are complete.',
  },
  'transcript/failed': {
    status: 404,
    retryable: false,
    title: 'The recording could not be recognised.',
    hint: 'Look at speech.recognition in the settings, and at `maskline doctor`.',
  },
  'session/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such session.',
    hint: 'The URL of a session is good for as long as the session runs, on the node that runs it; look whether http.publicUrl leads to that node.',
  },
  'session/too-many': {
    status: 429,
    retryable: true,
    title: 'The session is asked more than it answers.',
    hint: 'Wait as long as the Retry-After header says; a session takes ten requests at once, and twenty a second.',
  },
  'webhook/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such webhook.',
    hint: 'GET /v1/webhooks lists the webhooks that this key may see.',
  },
  'webhook/too-many': {
    status: 409,
    retryable: false,
    title: 'The application has twenty webhooks already.',
    hint: 'Remove one, or let one server pass events on to others.',
  },
  'events/too-many-streams': {
    status: 503,
    retryable: true,
    title: 'The node carries fifty streams of events already.',
    hint: 'Close streams that nobody reads, ask another node, or read GET /v1/events by cursor.',
  },
  'application/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such application.',
    hint: 'Name an application by its id or its name; a key that is bound to one sees no other.',
  },
  'application/which': {
    status: 422,
    retryable: false,
    title: 'It is not clear which application is meant.',
    hint: 'Name it in `application`, or use a key that is bound to one.',
  },
  'request/unfinished': {
    status: 409,
    retryable: false,
    title: 'A request with this Idempotency-Key has begun, and its end is not known.',
    hint: 'Look whether it was carried out: GET /v1/calls shows calls. If it was not, send it with a new key.',
  },
  'request/other-body': {
    status: 422,
    retryable: false,
    title: 'This Idempotency-Key belongs to another request.',
    hint: 'Use a new key for every request that means something else.',
  },
  'request/too-large': {
    status: 413,
    retryable: false,
    title: 'The request is larger than this route takes.',
    hint: 'A body may have 1 MiB, and customData 64 KiB.',
  },
  'request/media-type': {
    status: 415,
    retryable: false,
    title: 'The body is not of a type that this route takes.',
    hint: 'Send JSON with the header `Content-Type: application/json`.',
  },
  'range/unsatisfiable': {
    status: 416,
    retryable: false,
    title: 'The range lies outside the recording.',
    hint: 'The Content-Range header of this answer has the size in bytes.',
  },
  'entry/conflict': {
    status: 409,
    retryable: false,
    title: 'That entry is already there.',
    hint: 'Choose another name or number, or delete the present one first.',
  },
  'entry/in-use': {
    status: 409,
    retryable: false,
    title: 'Something still uses that entry.',
    hint: 'Change or delete what uses it first.',
  },
  'entry/declared': {
    status: 409,
    retryable: false,
    title: 'That entry is declared in the settings file.',
    hint: 'Change it there and restart; the settings file would overwrite it at the next start.',
  },
  'entry/unknown': {
    status: 404,
    retryable: false,
    title: 'There is no such entry.',
    hint: 'Check the id or the name; lists show what there is.',
  },
  'entry/invalid': {
    status: 422,
    retryable: false,
    title: 'That entry is not valid.',
    hint: 'Correct what the message names.',
  },
  'storage/unavailable': {
    status: 503,
    retryable: true,
    title: 'The database does not answer.',
    hint: 'Try again in a moment; GET /ready says what is wrong.',
  },
  'node/fault': {
    status: 500,
    retryable: false,
    title: 'The node failed at this request.',
    hint: 'The log of the node has the reason under this requestId.',
  },
} as const satisfies Record<string, Meaning>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

export interface FieldProblem {
  /** `body/customData`, `query/limit`. */
  readonly name: string;
  readonly message: string;
}

/** A failure that a route answers with. `detail` follows the title; it is for people and holds no number. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;
  readonly fields: readonly FieldProblem[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: HttpErrorCode,
    detail?: string,
    more: {
      readonly fields?: readonly FieldProblem[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail === undefined ? HTTP_ERRORS[code].title : `${HTTP_ERRORS[code].title} ${detail}`);
    this.code = code;
    this.fields = more.fields;
    this.headers = more.headers ?? {};
  }
}

/**
 * A problem document (RFC 9457 §3). `type` is `about:blank`, so `title` is the status's own phrase (§4.2.1); what tells
 * one failure from another is `code`.
 */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly requestId: string;
  readonly fields?: FieldProblem[];
}

/** What a client is told of a failure. Of a failure that is not in a catalogue it is told nothing but 500. */
export function problemOf(error: unknown, requestId: string): Problem {
  const { code, meaning, detail, fields } = understand(error);
  return {
    type: 'about:blank',
    title: STATUS_CODES[meaning.status] ?? 'Error',
    status: meaning.status,
    code,
    detail: maskNumbersIn(detail),
    hint: meaning.hint,
    retryable: meaning.retryable,
    requestId,
    ...(fields === undefined ? {} : { fields: fields.map(maskField) }),
  };
}

interface Understood {
  readonly code: string;
  readonly meaning: Meaning;
  readonly detail: string;
  readonly fields?: readonly FieldProblem[] | undefined;
}

function understand(error: unknown): Understood {
  if (error instanceof HttpError) {
    return {
      code: error.code,
      meaning: HTTP_ERRORS[error.code],
      detail: error.message,
      fields: error.fields,
    };
  }
  const { code, name, message, hint, field } = fieldsOf(error);
  // Our own catalogues: kernel/errors.ts, and storage/errors.ts by its code (its messages name nothing inner).
  if (code !== undefined && Object.hasOwn(ERRORS, code)) {
    const { http = 500, ...meaning } = { http: undefined, ...ERRORS[code as keyof typeof ERRORS] };
    return {
      code,
      meaning: { ...meaning, status: http },
      detail: http < 500 || http === 503 ? message : meaning.title,
      ...(field === undefined ? {} : { fields: [{ name: `body${field}`, message }] }),
    };
  }
  if (code?.startsWith('entry/') === true && Object.hasOwn(HTTP_ERRORS, code)) {
    const meaning = HTTP_ERRORS[code as HttpErrorCode];
    // A StorageError's message ends with its hint, which has a place of its own here.
    const detail = hint === undefined ? message : message.replace(` ${hint}`, '');
    return { code, meaning: { ...meaning, hint: hint ?? meaning.hint }, detail };
  }
  if (name === 'InvalidCursor') return ours('request/cursor');
  if (code === 'storage/stopped' || code === 'storage/unreachable') return ours('storage/unavailable');
  return ours(FRAMEWORK[code ?? ''] ?? byStatus(error));
}

const ours = (code: HttpErrorCode): Understood => ({
  code,
  meaning: HTTP_ERRORS[code],
  detail: HTTP_ERRORS[code].title,
});

/** Failures that Fastify finds before a handler runs. */
const FRAMEWORK: Readonly<Record<string, HttpErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request/too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request/media-type',
  FST_ERR_BAD_URL: 'request/malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'request/malformed',
};

/** Broken JSON and the like: Fastify says 4xx, and its message may quote the body. */
function byStatus(error: unknown): HttpErrorCode {
  const status = (error as { statusCode?: unknown } | null | undefined)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? 'request/malformed' : 'node/fault';
}

function fieldsOf(error: unknown): {
  readonly code: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** JSON pointer into the body (`MaskingError`). */
  readonly field: string | undefined;
} {
  if (!(error instanceof Error))
    return { code: undefined, name: '', message: '', hint: undefined, field: undefined };
  const { code, hint, field } = error as { code?: unknown; hint?: unknown; field?: unknown };
  return {
    code: typeof code === 'string' ? code : undefined,
    name: error.name,
    message: error.message,
    hint: typeof hint === 'string' ? hint : undefined,
    field: typeof field === 'string' ? field : undefined,
  };
}

/** A client may send a number as the name of a field. */
function maskField({ name, message }: FieldProblem): FieldProblem {
  return { name: maskNumbersIn(name), message: maskNumbersIn(message) };
}
