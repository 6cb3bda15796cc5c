/** What a backend is asked. Here, and nowhere else in this folder, digits are taken out of numbers. */
import type { MaskingSession, PullRules, Question } from './types.ts';

type Asked = Pick<Question, 'applicationId' | 'caller' | 'dialled' | 'extension' | 'callId'>;

/**
 * The body of a question. The dialled number is the customer's own; the caller is a token, and a number only where the policy
 * says so.
 */
export function pullBody(
  { applicationId, caller, dialled, extension, callId }: Asked,
  token: string | undefined,
  rules: PullRules,
  sessions: readonly MaskingSession[],
): Readonly<Record<string, unknown>> {
  return {
    type: 'masking.pull',
    applicationId,
    // Null: nobody calls, somebody asks what would happen.
    callId: callId ?? null,
    dialled: dialled.reveal('backend'),
    caller: { token: token ?? null, ...(rules.numbers ? { number: caller.reveal('backend') } : {}) },
    extension: extension === undefined || extension === '' ? null : extension,
    sessions: sessions.map(({ id, externalId }) => ({ id, externalId: externalId ?? null })),
  };
}

/** Names the question for the cache. It holds digits, so it stays in memory; the database has an index of it. */
export function questionText(
  { applicationId, caller, dialled, extension }: Asked,
  rules: PullRules,
  sessions: readonly MaskingSession[],
): string {
  return JSON.stringify([
    'masking.pull',
    applicationId,
    rules.url,
    caller.reveal('backend'),
    dialled.reveal('backend'),
    extension ?? '',
    sessions.map(({ id }) => id).sort(),
  ]);
}
