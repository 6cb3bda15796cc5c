import type { Static } from 'typebox';
import type { Announcement, Decision, Resolution } from '../masking/types.ts';
import { announcementView, some } from './masking-views.ts';
import type { ExplainView } from './policy-schemas.ts';
import type { Views } from './views.ts';

type Answer = Static<typeof ExplainView>;

/** A resolution for people: people are parties, with their numbers for keys that have `numbers:read`. */
export function explainView({ decision, steps }: Resolution, views: Views): Answer {
  return {
    decision: decisionView(decision, views),
    callerHears: heard(decision).map((text) => views.text(text)),
    calleeSees:
      decision.kind === 'connect' ? decision.callees.map(({ show }) => views.serviceNumber(show)) : [],
    steps: steps.map(({ step, verdict, detail }) => ({ step, verdict, detail: views.text(detail) })),
  };
}

function decisionView(decision: Decision, views: Views): Answer['decision'] {
  const { kind } = decision;
  switch (kind) {
    case 'connect': {
      const { sessionId: session, record, transcribe, language, ringSeconds, maxCallSeconds } = decision;
      return {
        kind,
        callees: decision.callees.map(({ number, show, partyId, announcement }) => ({
          sees: views.serviceNumber(show),
          ...some({
            party: partyId,
            number: views.digits(number),
            announcement: announcementView(announcement, views),
          }),
        })),
        ...{ record, transcribe, language },
        ...some({ session, ringSeconds, maxCallSeconds }),
        ...some({ greeting: announcementView(decision.greeting, views) }),
      };
    }
    case 'choose':
      return {
        kind,
        options: decision.options.map(({ sessionId, label }) => ({
          session: sessionId,
          label: views.text(label),
        })),
      };
    case 'ask-extension':
      return { kind, tries: decision.tries };
    case 'operator':
      return {
        kind,
        user: views.text(decision.user),
        ...some({ announcement: announcementView(decision.announcement, views) }),
      };
    case 'play':
    case 'call-back':
      return { kind, ...some({ announcement: announcementView(decision.announcement, views) }) };
    case 'reject':
      return { kind, status: decision.status, reason: decision.reason };
  }
}

/** In words; what is not an announcement of the application is described. */
function heard(decision: Decision): string[] {
  switch (decision.kind) {
    case 'connect':
      return words(decision.greeting);
    case 'choose':
      return ['a menu', ...decision.options.map(({ label }, index) => `${index + 1}: ${label}`)];
    case 'ask-extension':
      return [`a request to type an extension, up to ${decision.tries} times`];
    case 'operator':
    case 'play':
    case 'call-back':
      return words(decision.announcement);
    case 'reject':
      return [`what the scenario says when it refuses a call: ${decision.reason}`];
  }
}

function words(announcement: Announcement | undefined): string[] {
  if (announcement === undefined) return [];
  return [announcement.kind === 'say' ? announcement.text : `the sound ${announcement.url}`];
}
