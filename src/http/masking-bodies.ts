/**
 * Requests of the masking service, read into its own types once. Schemas have seen to the form; what is checked here needs more
 * than one field, or the number itself. Every refusal names the field.
 */
import type { Static } from 'typebox';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { MaskingError } from '../masking/ports.ts';
import type {
  Announcement,
  MaskingSession,
  NewParty,
  NewSession,
  NumberWish,
  SessionChange,
  SessionMode,
  SessionRules,
} from '../masking/types.ts';
import type {
  Announcement as AnnouncementSchema,
  BulkBody,
  NewSessionBody,
  PartyChangeBody,
  SessionChangeBody,
} from './masking-schemas.ts';
import { HttpError } from './problems.ts';

type Body<T> = { readonly [K in keyof T]: T[K] };
type SessionBody = Body<Omit<Static<typeof NewSessionBody>, 'application'>> | BulkSession;
type BulkSession = Static<typeof BulkBody>['sessions'][number];
type PartyBody = Static<typeof NewSessionBody>['parties'][number];

/** How many parties a mode has. */
const PARTIES: Readonly<Record<SessionMode, readonly [least: number, most: number]>> = {
  axb: [2, 2],
  axyb: [2, 2],
  axn: [1, 1],
  axg: [2, 50],
  extension: [1, 20],
};
/** Bytes of all names and values. */
const MAX_METADATA_BYTES = 4 * 1024;
/** Fewer digits than any telephone number has; a label is spoken to strangers. */
const MAX_LABEL_DIGITS = 4;

/** Throws 400 with the field. The message holds nothing that was sent. */
export function refuse(field: string, message: string): never {
  throw new HttpError('request/invalid', undefined, { fields: [{ name: `body${field}`, message }] });
}

/**
 * A number that can be called. Throws 422 with the field.
 *
 * @param field JSON pointer into the body.
 */
export function numberOf(text: string, field: string): PhoneNumber {
  const number = PhoneNumber.parse(text);
  if (number.isE164) return number;
  const message = 'This is no number of E.164; begin with + and the country code.';
  throw new MaskingError('masking/party-invalid', message, field);
}

/** @param id of the session that is to be made; undefined: drawn. */
export function newSession(body: SessionBody, applicationId: string, id?: string): NewSession {
  const mode = body.mode ?? 'axb';
  const parties = body.parties.map((party, index) => newParty(party, mode, `/parties/${index}`));
  const [least, most] = PARTIES[mode];
  if (parties.length < least || parties.length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    refuse('/parties', `a session of mode ${mode} has ${wanted} parties, not ${parties.length}`);
  }
  refuseTwice(parties);
  const rules = rulesOf(body);
  checkRules(rules, parties);
  return {
    ...(id === undefined ? {} : { id }),
    applicationId,
    externalId: body.externalId === undefined ? undefined : externalIdOf(body.externalId, '/externalId'),
    mode,
    parties,
    numbers: wishOf(body.number),
    rules,
    metadata: metadataOf(body.metadata),
  };
}

/** What rules and parties say together. Throws 400. */
function checkRules(rules: SessionRules, parties: readonly { readonly role: string }[]): void {
  if (rules.sliding && rules.ttlSeconds === undefined)
    refuse('/sliding', 'needs ttlSeconds: there is no time that could begin anew');
  if (rules.oneWayFrom !== undefined && !parties.some(({ role }) => role === rules.oneWayFrom))
    refuse('/oneWayFrom', 'is the role of no party, so that nobody could call');
}

/** @throws HttpError when it is written as a telephone number: it stands in URLs and in events. */
export function externalIdOf(text: string, field: string): string {
  const plus = text.trimStart().startsWith('+') || /^\s*00/.test(text);
  if (plus && PhoneNumber.parse(text).isE164) refuse(field, 'is a telephone number; use an id of the order');
  return text;
}

function newParty(body: PartyBody, mode: SessionMode, at: string): NewParty {
  if (body.extension !== undefined && mode !== 'extension')
    refuse(`${at}/extension`, 'is for sessions of mode extension only');
  return {
    number: numberOf(body.number, `${at}/number`),
    role: roleOf(body.role ?? 'party', `${at}/role`),
    label: labelOf(body.label ?? '', `${at}/label`),
    announcement: announcementOf(body.announcement, `${at}/announcement`),
    extension: body.extension,
  };
}

function refuseTwice(parties: readonly NewParty[]): void {
  for (const [index, { number, extension }] of parties.entries()) {
    const before = parties.slice(0, index);
    if (before.some((one) => one.number.equals(number))) {
      const message = 'Another party of the session has the same number.';
      throw new MaskingError('masking/party-invalid', message, `/parties/${index}/number`);
    }
    if (extension !== undefined && before.some((one) => one.extension === extension))
      refuse(`/parties/${index}/extension`, 'is that of another party');
  }
}

function roleOf(text: string, field: string): string {
  if (digitsIn(text) > MAX_LABEL_DIGITS) refuse(field, 'has five digits or more; it stands in events');
  return text;
}

function labelOf(text: string, field: string): string {
  if (digitsIn(text) > MAX_LABEL_DIGITS) refuse(field, 'has five digits or more; it is spoken to strangers');
  return text;
}

/** Of any script. */
function digitsIn(text: string): number {
  return text.match(/\p{Nd}/gu)?.length ?? 0;
}

export function announcementOf(
  body: Static<typeof AnnouncementSchema> | undefined,
  field: string,
): Announcement | undefined {
  if (body === undefined) return undefined;
  const { kind, text, language, url } = body;
  if (kind === 'say') {
    if (text === undefined) refuse(`${field}/text`, 'is missing');
    if (url !== undefined) refuse(`${field}/url`, 'is for play only');
    return { kind, text, language };
  }
  if (url === undefined) refuse(`${field}/url`, 'is missing');
  if (text !== undefined) refuse(`${field}/text`, 'is for say only');
  if (language !== undefined) refuse(`${field}/language`, 'is for say only');
  return { kind, url: urlOf(url, `${field}/url`) };
}

/** A URL that a server may fetch: http or https, and no password in it. */
export function urlOf(text: string, field: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    refuse(field, 'is no URL of http or https');
  if (url.username !== '' || url.password !== '') refuse(field, 'has a name or password in it');
  return url.href;
}

function wishOf(body: SessionBody['number']): NumberWish {
  return {
    pool: body?.pool,
    prefer: body?.prefer ?? 'sticky',
    region: body?.region,
    strict: body?.strict ?? false,
    tags: body?.tags ?? [],
    explicit: body?.explicit === undefined ? undefined : numberOf(body.explicit, '/number/explicit'),
  };
}

function rulesOf(body: SessionBody): SessionRules {
  const { ttlSeconds, maxCalls, maxCallSeconds, oneWayFrom, ringSeconds, language } = body;
  return {
    ttlSeconds,
    sliding: body.sliding ?? false,
    maxCalls,
    maxCallSeconds,
    oneWayFrom,
    ringSeconds,
    greeting: announcementOf(body.greeting, '/greeting'),
    record: body.record ?? false,
    transcribe: body.transcribe ?? false,
    language,
  };
}

function metadataOf(metadata: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const bytes = Object.entries(metadata)
    .flat()
    .map((text) => Buffer.byteLength(text));
  if (bytes.reduce((sum, one) => sum + one, 0) > MAX_METADATA_BYTES)
    refuse('/metadata', `is larger than ${MAX_METADATA_BYTES} bytes`);
  return metadata;
}

/**
 * What a PATCH changes: what is absent stays, `null` takes a rule away.
 *
 * @param before the session as it is.
 */
export function sessionChange(body: Static<typeof SessionChangeBody>, before: MaskingSession): SessionChange {
  const { metadata, extendSeconds, greeting, ...simple } = body;
  const rules: Partial<SessionRules> = {
    ...Object.fromEntries(Object.entries(simple).map(([name, value]) => [name, value ?? undefined])),
    ...(greeting === undefined ? {} : { greeting: announcementOf(greeting ?? undefined, '/greeting') }),
  };
  if (body.sliding !== undefined || body.oneWayFrom !== undefined || body.ttlSeconds !== undefined)
    checkRules({ ...before.rules, ...rules }, before.parties);
  return {
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
    ...(extendSeconds === undefined ? {} : { extendSeconds }),
  };
}

export function partyChange(
  id: string,
  body: Static<typeof PartyChangeBody>,
  before: MaskingSession,
): SessionChange {
  const { number, role, label, announcement } = body;
  const { oneWayFrom } = before.rules;
  const others = before.parties.filter((party) => party.id !== id);
  const was = before.parties.find((party) => party.id === id)?.role;
  if (role !== undefined && oneWayFrom !== undefined && was === oneWayFrom && role !== oneWayFrom)
    if (!others.some((party) => party.role === oneWayFrom))
      refuse('/role', 'leaves nobody whom `oneWayFrom` lets call');
  return {
    party: {
      id,
      ...(number === undefined ? {} : { number: numberOf(number, '/number') }),
      ...(role === undefined ? {} : { role: roleOf(role, '/role') }),
      ...(label === undefined ? {} : { label: labelOf(label, '/label') }),
      ...(announcement === undefined
        ? {}
        : { announcement: announcementOf(announcement ?? undefined, '/announcement') }),
    },
  };
}
