import { ERRORS } from '../kernel/errors.ts';
import { SCOPES, type Scope } from './ports.ts';
import { HTTP_ERRORS } from './problems.ts';

/** What each scope allows. */
const SCOPE_MEANINGS: Readonly<Record<Scope, string>> = {
  'calls:read': 'calls, their legs, events, and the data of their recordings',
  'traces:read':
    'The SIP messages of calls, for as long as they are kept; numbers in them are hidden without `numbers:read`.',
  'recordings:read': 'recordings and their audio',
  'numbers:read':
    'the list of numbers; and telephone numbers in clear in every answer, which are masked without it',
  'numbers:write': 'adding and removing numbers',
  'scenarios:read': 'scenarios and their sources',
  'scenarios:write': 'changing scenarios',
  'scenarios:start': 'starting scenarios, which makes calls',
  'trunks:read': 'trunks and their registrations; only for keys that are not bound to an application',
  'users:read': 'SIP accounts',
  'users:write': 'making, changing and removing SIP accounts (platform API)',
  'applications:write': 'making, renaming and removing applications (platform API)',
  'storage:read': 'the key-value storage of applications (platform API)',
  'storage:write': 'changing the key-value storage of applications (platform API)',
  'call-lists:read': 'call lists and their tasks, which hold numbers in clear (platform API)',
  'call-lists:write': 'making, changing and stopping call lists, which makes calls (platform API)',
  'sessions:read': 'masking sessions, number pools, and how many numbers a day of orders needs',
  'sessions:write': 'making, changing, closing and deleting masking sessions',
  'policy:read': 'the routing policy, blocks, and what would become of a call (`POST /v1/explain`)',
  'policy:write':
    'changing the routing policy and blocks, and reading the secret that signs requests to backends',
  'events:read': 'the event log and its stream, which hold tokens and no numbers',
  'webhooks:write': 'listing, making and changing webhooks, their secrets, deliveries and replays',
  'people:write': 'erasing a person by their number, and the receipts of it',
  'audit:read': 'who was shown which numbers, who changed what',
  'metrics:read': 'metrics; only for keys that are not bound to an application',
  'node:write': 'taking the node out of service, and back',
  'keys:write': 'listing, making and revoking keys; a key can make only keys that may do no more than itself',
};

interface Operation {
  readonly summary?: string;
  readonly 'x-scope'?: string;
  readonly responses?: Readonly<Record<string, unknown>>;
}

/** The part of an OpenAPI document that the page is made from. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, object>>;
}

const PROSE = `# HTTP API

Generated from the routes by the tests of \`src/http\` (\`vitest run src/http -u\` writes it). The same for machines is \`openapi.json\` beside this page; a running node gives it at \`GET /openapi.json\`.

## Keys

Every route but \`/health\`, \`/ready\` and \`/openapi.json\` needs an API key: \`Authorization: Bearer mk_…\`. Keys are made by \`maskline keys create --name NAME --scopes calls:read,scenarios:start\`, or by \`POST /v1/keys\` while the node runs. A key is shown once; only its hash is kept. A key that is bound to an application sees that application's things and nothing else: others answer 404, as if they were not there. A service account is a key without a secret: it shows a token (JWT, RS256) that its owner signed; see [the platform API](platform-api.md).

The API speaks plain HTTP on one address. Put a TLS proxy in front of it before you open it to a network.`;

const USE = `## Failures

A failure is a problem document (RFC 9457, \`application/problem+json\`): \`status\`, \`code\` (which of the failures below), \`detail\` (what happened), \`hint\` (what to do), \`retryable\` (whether the same request may be sent again without doing it twice), \`requestId\` (stands in the log), and \`fields\` when parts of the request are wrong.

## Pages

Long lists answer \`{ "items": […], "next": "…" }\`. Ask again with \`?cursor=\` and the value of \`next\` until there is none; \`limit\` is 1 to 200, default 50.

## Doing something once

Send \`Idempotency-Key\` (up to 255 visible ASCII characters) with a POST that takes it. The same key with the same request does nothing again for 24 hours, across restarts of the node, too. With another request it is answered 422.

\`POST /v1/scenarios/{name}/start\` gives the same answer again. If the first request has begun and its end is not known (the node died there), the answer is 409: nobody knows whether a phone has rung, so nothing rings again under that key.

\`POST /v1/masking-sessions\` and \`…/bulk\` never answer that: the sessions have the ids of the request, so that a request whose end is not known is simply done again, and finds what is there. They answer with the session as it is by then. What was refused frees the key.

## Masking sessions

A party is known by its token (\`person\`), which is the same in everything of one application: sessions, blocks, events. Keys with \`numbers:read\` see the number besides. The service number is shown to all keys: it is ours, and what a session is made for. To look for a number, \`POST /v1/masking-sessions/search\`; for one of a person the key needs \`numbers:read\` besides \`sessions:read\`, for whoever may try numbers finds out whose a token is. (So do keys that make sessions or blocks for numbers, and keys that ask \`POST /v1/explain\` about one: they are for who has the numbers.) Lists show sessions newest first, closed ones too, for as long as they are kept.

In a bulk request a wrong form (a field that there is not, a text where a number belongs) refuses the whole of it; what needs a closer look is the outcome of the one session. \`fields\` names it from the beginning of the body: \`body/sessions/57/parties/1/number\`.

## Audio

\`GET /v1/recordings/{id}/audio\` is a WAV file and takes \`Range\` (one range at a time: \`bytes=0-99\`, \`bytes=100-\`, \`bytes=-100\`), \`If-Range\` with the ETag, \`If-None-Match\`, and HEAD (RFC 9110 §13, §14).

## Numbers

No telephone number stands in a URL, where logs would keep it. In answers numbers are in clear for keys with \`numbers:read\` and masked (\`+7•••••••89\`) for all others, in free text such as a script's log lines or a session's metadata, too. Ids of your own (\`externalId\`) are shown as they are: do not use numbers for them. The source of a scenario is given as it was put: do not write numbers into scenarios.`;

/** The page `docs/reference/http.md`. */
export function httpReference(document: OpenApiDocument): string {
  return `${[PROSE, scopes(), routes(document), USE, codes()].join('\n\n')}\n`;
}

function scopes(): string {
  return table(
    ['scope', 'allows'],
    SCOPES.map((scope) => [`\`${scope}\``, SCOPE_MEANINGS[scope]]),
  );
}

function routes({ paths = {} }: OpenApiDocument): string {
  const rows = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => [
      `\`${method.toUpperCase()} ${path}\``,
      operation['x-scope'] === undefined ? '' : `\`${operation['x-scope']}\``,
      operation.summary ?? '',
      Object.keys(operation.responses ?? {}).join(' '),
    ]),
  );
  return `## Routes\n\n${table(['route', 'scope', 'what it does', 'answers'], rows)}`;
}

function codes(): string {
  const own = Object.entries(HTTP_ERRORS).map(([code, { status, title, hint }]) => ({
    code,
    status,
    title,
    hint,
  }));
  const kernel = Object.entries(ERRORS).flatMap(([code, { title, hint, ...meaning }]) =>
    'http' in meaning ? [{ code, status: meaning.http, title, hint }] : [],
  );
  const rows = [...own, ...kernel]
    .toSorted((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(({ code, status, title, hint }) => [String(status), `\`${code}\``, title, hint]);
  return `## Codes\n\n${table(['status', 'code', 'what happened', 'what to do'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
