/**
 * Rooms of a session, those in them, and calls to a conference that has a session of its own. Ids are the script's.
 * Who is heard in a room is said by `media-connect` with the conference's id; endpoints are connected when they are added.
 */
import type { At } from './at.ts';

/** From the point of view of the endpoint. */
export const CONFERENCE_DIRECTIONS = ['SEND', 'RECEIVE', 'BOTH'] as const;
export type ConferenceDirection = (typeof CONFERENCE_DIRECTIONS)[number];

interface OfConference extends At {
  readonly conferenceId: string;
}

export type ConferenceEvent =
  | (OfConference & { readonly type: 'conference-started' })
  | (OfConference & { readonly type: 'conference-stopped'; readonly durationSeconds: number })
  | (OfConference & {
      readonly type: 'conference-endpoint';
      readonly what: 'added' | 'updated' | 'removed' | 'managed';
      readonly endpointId: string;
    })
  | (OfConference & {
      readonly type: 'conference-error';
      readonly code: number;
      readonly error: string;
      readonly endpointId: string | undefined;
    });

export type ConferenceCommand =
  | { readonly type: 'conference-create' | 'conference-stop'; readonly conferenceId: string }
  | {
      readonly type: 'conference-add';
      readonly conferenceId: string;
      readonly endpointId: string;
      readonly callId: string;
      readonly direction: ConferenceDirection;
    }
  /** What the endpoint may say and hear from now on; answered by `managed`. */
  | {
      readonly type: 'conference-manage';
      readonly conferenceId: string;
      readonly endpointId: string;
      readonly direction: ConferenceDirection | 'NONE';
    }
  /** Something about it that only the script knows was changed; answered by `updated`. */
  | { readonly type: 'conference-update'; readonly conferenceId: string; readonly endpointId: string }
  /** A call to the conference of that name of the application, in a session of its own. */
  | {
      readonly type: 'conference-call';
      readonly callId: string;
      readonly name: string;
      readonly callerid: string;
      readonly displayName: string;
      readonly headers: Readonly<Record<string, string>>;
    };
