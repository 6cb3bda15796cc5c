import { BadCommand, headers, id, string } from '../command-fields.ts';
import {
  CONFERENCE_DIRECTIONS,
  type ConferenceCommand,
  type ConferenceDirection,
} from './conference-protocol.ts';
import type { Readers } from './reader.ts';

type Fields = Parameters<typeof id>[0];

/** Longest name of a conference: what the pattern of a rule is compared with. */
export const MAX_CONFERENCE_NAME = 64;

function direction(fields: Fields): ConferenceDirection {
  const found = CONFERENCE_DIRECTIONS.find((one) => one === fields.get('direction'));
  if (found === undefined) throw new BadCommand('direction is unknown');
  return found;
}

const endpoint = (fields: Fields): { conferenceId: string; endpointId: string } => ({
  conferenceId: id(fields, 'conferenceId'),
  endpointId: id(fields, 'endpointId'),
});

export const CONFERENCE_READERS: Readers<ConferenceCommand> = {
  'conference-create': (fields, type) => ({ type, conferenceId: id(fields, 'conferenceId') }),
  'conference-stop': (fields, type) => ({ type, conferenceId: id(fields, 'conferenceId') }),
  'conference-add': (fields, type) => ({
    type,
    ...endpoint(fields),
    callId: id(fields, 'callId'),
    direction: direction(fields),
  }),
  'conference-manage': (fields, type) => ({
    type,
    ...endpoint(fields),
    direction: fields.get('direction') === 'NONE' ? 'NONE' : direction(fields),
  }),
  'conference-update': (fields, type) => ({ type, ...endpoint(fields) }),
  'conference-call': (fields, type) => ({
    type,
    callId: id(fields, 'callId'),
    name: string(fields, 'name', MAX_CONFERENCE_NAME),
    callerid: string(fields, 'callerid', 128),
    displayName: string(fields, 'displayName', 256),
    headers: headers(fields),
  }),
};
