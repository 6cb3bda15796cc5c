import type { Api } from './api.ts';
import { type FieldProblem, HttpError } from './problems.ts';

const MESSAGE = 'has half a character in it (a lone surrogate, RFC 8259 §8.2)';
/** Of one request; whoever sends more has one mistake, and not a thousand. */
const MOST = 20;

/**
 * JSON may spell halves of characters (`"\ud800"`), which are no Unicode text: a database refuses some of them and changes
 * others. So no route gets one.
 */
export function refuseBrokenText(app: Api): void {
  app.addHook('preValidation', async ({ body }) => {
    const fields = brokenIn(body, 'body');
    if (fields.length > 0) throw new HttpError('request/invalid', undefined, { fields });
  });
}

/** Names of members are looked at, too, and are never repeated. */
function brokenIn(value: unknown, name: string): FieldProblem[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [{ name, message: MESSAGE }];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  const found: FieldProblem[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (!key.isWellFormed()) found.push({ name, message: `has a member whose name ${MESSAGE}` });
    else if (typeof member === 'string' || typeof member === 'object')
      found.push(...brokenIn(member, `${name}/${key.slice(0, 100)}`));
    if (found.length >= MOST) break;
  }
  return found;
}
