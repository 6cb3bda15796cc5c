/**
 * The session's own URL: `AppEvents.HttpRequest`, and where a script learns of the URL. What a handler returns is the
 * answer, a string or a number as it is and anything else as JSON (unpkg.com/@ama-team/voxengine-definitions, AppEvents).
 */
import { text } from './headers.ts';
import { send, toJson, world } from './host-link.ts';
import type { ApiPart } from './part.ts';
import { emitAppEvent } from './vox-engine.ts';

const thenOf = Promise.prototype.then;
const MAX_ANSWER = 256 * 1024;

function answer(requestId: number, value: unknown): void {
  const plain =
    value === undefined || value === null || typeof value === 'string' || typeof value === 'number';
  const body = plain ? text(value) : (toJson(value) ?? '');
  send({ type: 'access-answer', requestId, body: body.length > MAX_ANSWER ? '' : body, json: !plain });
}

function onRequest(requestId: number, request: object): void {
  const results = emitAppEvent('Application.HttpRequest', request);
  const value = results.find((one) => one !== undefined);
  if (!(value instanceof Promise)) {
    answer(requestId, value);
    return;
  }
  // A rejection ends in the same report as that of any other handler; the caller gets an empty answer.
  Reflect.apply(thenOf, value, [
    (later: unknown) => answer(requestId, later),
    () => answer(requestId, undefined),
  ]);
}

const url = (): string => world.access?.url ?? '';

/** Scripts call it, and some read it as if it were the URL itself. */
function mediaSessionAccessURL(): string {
  return url();
}
for (const name of ['toString', 'valueOf', 'toJSON'])
  Object.defineProperty(mediaSessionAccessURL, name, { value: url, enumerable: false });

export const access: ApiPart = {
  members: { VoxEngine: { mediaSessionAccessURL } },
  deliver: { 'access-request': ({ requestId, request }) => onRequest(requestId, request) },
};
