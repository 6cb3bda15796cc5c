/** What a backend may answer at call time, read strictly: a mistake shows in the first test and not in the thousandth call. */
import { PhoneNumber } from '../kernel/phone-number.ts';
import { DocumentError, Fields } from './document.ts';
import type { PullAnswer, PullSound } from './ports.ts';

export const PULL_ACTIONS = [
  'connect',
  'session',
  'ask-extension',
  'play',
  'operator',
  'reject',
  'unknown',
] as const;

/** As it was read; a token stands for a person whom only the store knows. */
export type ReadAnswer =
  | Exclude<PullAnswer, { readonly kind: 'connect' | 'not-asked' }>
  | {
      readonly kind: 'connect';
      readonly to: PhoneNumber | { readonly token: string };
      readonly show: PhoneNumber | undefined;
      readonly sound: PullSound;
    };

const SOUND = [
  'greeting',
  'announcement',
  'record',
  'transcribe',
  'language',
  'ringSeconds',
  'maxCallSeconds',
];
const MEMBERS: Readonly<Record<(typeof PULL_ACTIONS)[number], readonly string[]>> = {
  connect: ['to', 'show', ...SOUND],
  session: ['session'],
  'ask-extension': [],
  play: ['announcement'],
  operator: ['user'],
  reject: [],
  unknown: [],
};
const ALL = ['action', ...new Set(Object.values(MEMBERS).flat())];
/** Longer than any number, token or name. */
const MAX_WORD = 100;

/** Reads the answer to a question. What cannot be read is `failed`, and names the field without quoting it. */
export function readPullAnswer(status: number, text: string): ReadAnswer {
  if (status === 404) return { kind: 'unknown' };
  if (status !== 200) return { kind: 'failed', why: `it answered ${status}` };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { kind: 'failed', why: 'its answer is not JSON' };
  }
  try {
    return read(new Fields(document, ALL));
  } catch (error) {
    if (error instanceof DocumentError) return { kind: 'failed', why: `in its answer, ${error.message}` };
    throw error;
  }
}

function read(fields: Fields): ReadAnswer {
  const action =
    fields.oneOf('action', PULL_ACTIONS) ?? fields.wrong('action', `one of ${PULL_ACTIONS.join(', ')}`);
  const foreign = ALL.find(
    (name) => name !== 'action' && !MEMBERS[action].includes(name) && fields.has(name),
  );
  if (foreign !== undefined) fields.wrong(foreign, `absent in the answer "${action}"`);
  switch (action) {
    case 'connect':
      return {
        kind: 'connect',
        to: readTo(fields),
        show: readNumber(fields, 'show'),
        sound: readSound(fields),
      };
    case 'session':
      return { kind: 'session', sessionId: fields.needText('session', MAX_WORD) };
    case 'play':
      return { kind: 'play', announcement: fields.needAnnouncement('announcement') };
    case 'operator':
      return { kind: 'operator', user: fields.text('user', MAX_WORD) };
    default:
      return { kind: action };
  }
}

function readTo(fields: Fields): PhoneNumber | { readonly token: string } {
  const token = fields.text('to', MAX_WORD);
  if (token?.startsWith('per_') === true) return { token };
  return readNumber(fields, 'to') ?? fields.wrong('to', 'there');
}

/** E.164 only: a national spelling means somebody else in another country. */
function readNumber(fields: Fields, name: string): PhoneNumber | undefined {
  const text = fields.text(name, MAX_WORD);
  if (text === undefined) return undefined;
  const number = PhoneNumber.parse(text);
  if (!text.trim().startsWith('+') || !number.isE164)
    fields.wrong(
      name,
      name === 'to' ? 'a number such as +12025550123, or a token' : 'a number such as +12025550123',
    );
  return number;
}

function readSound(fields: Fields): PullSound {
  return {
    greeting: fields.announcement('greeting'),
    announcement: fields.announcement('announcement'),
    record: fields.flag('record') ?? false,
    transcribe: fields.flag('transcribe') ?? false,
    language: fields.language('language'),
    // A phone that rings for minutes is not answered any more; a day is the longest that anybody talks.
    ringSeconds: fields.integer('ringSeconds', 5, 180),
    maxCallSeconds: fields.integer('maxCallSeconds', 1, 86_400),
  };
}
