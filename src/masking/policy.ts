/** The routing policy of an application: what it is where nobody wrote one, and how a document is read. */
import { DocumentError, Fields } from './document.ts';
import { MaskingError } from './ports.ts';
import {
  DEFAULT_POLICY,
  type InterceptRules,
  type PullRules,
  type RoutingPolicy,
  type UnknownCaller,
} from './types.ts';

export { DEFAULT_POLICY } from './types.ts';

/** Ways to find out which of several sessions a caller means. */
export const AMBIGUITY_OPTIONS = ['most-recent', 'menu', 'extension', 'pull', 'operator'] as const;

/** A caller hears nothing meanwhile, and begins to doubt after two seconds. */
const TIMEOUT_MS = 2_000;
const MIN_TIMEOUT_MS = 100;
const MAX_TIMEOUT_MS = 10_000;
/** Somebody who calls again at once means the same order. */
const FRESH_SECONDS = 5;
/** Orders change within minutes: what is used without asking first must be younger than that. */
const STALE_SECONDS = 60;
/** While the backend is down an old answer is better than none, for about as long as an order lasts. */
const DOWN_SECONDS = 3_600;
const DAY = 86_400;
const MAX_STALE_SECONDS = 30 * DAY;
/** SIP account names are short; the table has no limit. */
const MAX_NAME = 100;

const MEMBERS = Object.keys(DEFAULT_POLICY);

/**
 * Reads a policy; what a document leaves out is as in `DEFAULT_POLICY`.
 *
 * @throws MaskingError `masking/policy-invalid`, which names the field.
 */
export function readPolicy(document: unknown): RoutingPolicy {
  try {
    return read(new Fields(document, MEMBERS));
  } catch (error) {
    if (error instanceof DocumentError)
      throw new MaskingError('masking/policy-invalid', error.message, error.field);
    throw error;
  }
}

/** The document of a policy, which `readPolicy` takes. */
export function writePolicy(policy: RoutingPolicy): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(policy)) as Record<string, unknown>;
}

function read(fields: Fields): RoutingPolicy {
  const ambiguous = fields.words('ambiguous', AMBIGUITY_OPTIONS) ?? DEFAULT_POLICY.ambiguous;
  const pull = readPull(
    fields.object('pull', ['url', 'timeoutMs', 'freshSeconds', 'staleSeconds', 'downSeconds', 'numbers']),
  );
  const operator = fields.text('operator', MAX_NAME);
  if (ambiguous.includes('pull') && pull === undefined)
    fields.wrong('pull', 'there, since "ambiguous" names it');
  if (ambiguous.includes('operator') && operator === undefined)
    fields.wrong(
      'operator',
      'there, since "ambiguous" names it: the SIP account at which the operator answers',
    );
  return {
    ambiguous,
    mostRecentSeconds: fields.integer('mostRecentSeconds', 1, 30 * DAY),
    // Chosen by one digit; 0 is left for the scenario.
    menuEntries: fields.integer('menuEntries', 2, 9) ?? DEFAULT_POLICY.menuEntries,
    pull,
    extensionPrompt: fields.flag('extensionPrompt') ?? DEFAULT_POLICY.extensionPrompt,
    extensionTries: fields.integer('extensionTries', 1, 10) ?? DEFAULT_POLICY.extensionTries,
    unknown: readUnknown(fields, 'unknown') ?? DEFAULT_POLICY.unknown,
    expired: readUnknown(fields, 'expired') ?? DEFAULT_POLICY.expired,
    operator,
    intercept: readIntercept(fields.object('intercept', ['url', 'timeoutMs', 'whenSilent'])),
    attemptsPerHour: fields.integer('attemptsPerHour', 1, 1_000),
    language: fields.language('language') ?? DEFAULT_POLICY.language,
  };
}

function readPull(fields: Fields | undefined): PullRules | undefined {
  if (fields === undefined) return undefined;
  return {
    url: fields.url('url') ?? fields.wrong('url', 'there'),
    timeoutMs: fields.integer('timeoutMs', MIN_TIMEOUT_MS, MAX_TIMEOUT_MS) ?? TIMEOUT_MS,
    freshSeconds: fields.integer('freshSeconds', 0, DAY) ?? FRESH_SECONDS,
    staleSeconds: fields.integer('staleSeconds', 0, MAX_STALE_SECONDS) ?? STALE_SECONDS,
    downSeconds: fields.integer('downSeconds', 0, MAX_STALE_SECONDS) ?? DOWN_SECONDS,
    numbers: fields.flag('numbers') ?? false,
  };
}

function readIntercept(fields: Fields | undefined): InterceptRules | undefined {
  if (fields === undefined) return undefined;
  return {
    url: fields.url('url') ?? fields.wrong('url', 'there'),
    timeoutMs: fields.integer('timeoutMs', MIN_TIMEOUT_MS, MAX_TIMEOUT_MS) ?? TIMEOUT_MS,
    // Who fences calls by a webhook has a reason; whoever would rather connect says so.
    whenSilent: fields.oneOf('whenSilent', ['allow', 'refuse']) ?? 'refuse',
  };
}

function readUnknown(parent: Fields, name: 'unknown' | 'expired'): UnknownCaller | undefined {
  const fields = parent.object(name, ['kind', 'user', 'announcement']);
  if (fields === undefined) return undefined;
  const kinds = ['announce', 'operator', 'call-back', 'reject'] as const;
  const kind = fields.oneOf('kind', kinds) ?? fields.wrong('kind', `one of ${kinds.join(', ')}`);
  if (kind !== 'operator' && fields.has('user')) fields.wrong('user', 'absent: only an operator has one');
  switch (kind) {
    case 'reject':
      if (fields.has('announcement')) fields.wrong('announcement', 'absent: "announce" plays one');
      return { kind };
    case 'operator':
      return {
        kind,
        user: fields.needText('user', MAX_NAME),
        announcement: fields.announcement('announcement'),
      };
    case 'announce':
    case 'call-back':
      return { kind, announcement: fields.needAnnouncement('announcement') };
  }
}
