import type { Static } from 'typebox';
import type {
  Announcement,
  Block,
  MaskingSession,
  NumberPool,
  Party,
  SessionRules,
} from '../masking/types.ts';
import type {
  Announcement as AnnouncementSchema,
  BlockView,
  PoolView,
  SessionView,
} from './masking-schemas.ts';
import { instant, type Views } from './views.ts';

type SessionAnswer = Static<typeof SessionView>;
type PartyAnswer = SessionAnswer['parties'][number];

/** A session as a key sees it: people are tokens, with their numbers for keys that have `numbers:read`. */
export function sessionView(session: MaskingSession, views: Views): SessionAnswer {
  return views.of(session, () => shown(session, views));
}

function shown(session: MaskingSession, views: Views): SessionAnswer {
  const { id, applicationId, externalId, mode, status, closedReason, calls } = session;
  return {
    id,
    application: applicationId,
    ...some({ externalId }),
    mode,
    status,
    ...some({ closedReason }),
    parties: session.parties.map((party) => partyView(party, views)),
    ...rulesView(session.rules, views),
    metadata: Object.fromEntries(
      Object.entries(session.metadata).map(([name, value]) => [name, views.text(value)]),
    ),
    calls,
    createdAt: instant(session.createdAt),
    ...some({
      expiresAt: at(session.expiresAt),
      lastCallAt: at(session.lastCallAt),
      closedAt: at(session.closedAt),
    }),
  };
}

function partyView(party: Party, views: Views): PartyAnswer {
  return {
    id: party.id,
    person: party.token,
    role: views.text(party.role),
    label: views.text(party.label),
    ...some({
      number: party.number === undefined ? undefined : views.digits(party.number),
      announcement: announcementView(party.announcement, views),
      serviceNumber: party.serviceNumber === undefined ? undefined : views.serviceNumber(party.serviceNumber),
      extension: party.extension,
    }),
  };
}

function rulesView(rules: SessionRules, views: Views) {
  const { ttlSeconds, sliding, maxCalls, maxCallSeconds, oneWayFrom, ringSeconds, language } = rules;
  return {
    sliding,
    record: rules.record,
    transcribe: rules.transcribe,
    ...some({ ttlSeconds, maxCalls, maxCallSeconds, oneWayFrom, ringSeconds, language }),
    ...some({ greeting: announcementView(rules.greeting, views) }),
  };
}

export function announcementView(
  announcement: Announcement | undefined,
  views: Views,
): Static<typeof AnnouncementSchema> | undefined {
  if (announcement === undefined) return undefined;
  if (announcement.kind === 'play') return { kind: 'play', url: announcement.url };
  const { text, language } = announcement;
  return { kind: 'say', text: views.text(text), ...some({ language }) };
}

export function blockView(block: Block, views: Views): Static<typeof BlockView> {
  const { id, applicationId, person, counterpart, direction, by, reason } = block;
  return {
    id,
    application: applicationId,
    person,
    ...some({ counterpart }),
    direction,
    by,
    reason: views.text(reason),
    createdAt: instant(block.createdAt),
    ...some({ expiresAt: at(block.expiresAt) }),
  };
}

export function poolView({
  id,
  applicationId,
  name,
  coolOffSeconds,
  sharing,
}: NumberPool): Static<typeof PoolView> {
  return { id, application: applicationId, name, coolOffSeconds, sharing };
}

type Some<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** What of an object is there: members that are undefined are left out. */
export function some<T extends object>(values: T): Some<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Some<T>;
}

function at(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : instant(ms);
}
