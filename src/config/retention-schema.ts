import Type from 'typebox';
import { section } from './section.ts';

/** Ten years: more than any law asks for. */
const MOST_DAYS = 3_650;

const days = (byDefault: number, description: string) =>
  Type.Integer({
    default: byDefault,
    minimum: 0,
    maximum: MOST_DAYS,
    description: `${description} 0: for ever.`,
  });

export const RetentionSchema = section(
  {
    recordingsDays: days(
      90,
      'Days that a recording is kept, its transcript with it. What a script says (`expire` of call.record) goes before it, in both directions. Three months is what the cloud keeps that the API comes from.',
    ),
    transcriptsDays: days(
      90,
      'Days that a transcript is kept, and its recording at most. Less than recordingsDays where words are found more easily than they should be.',
    ),
    callsDays: days(
      365,
      'Days that the record of a call is kept, with its numbers (sealed), events and traces; longer while a recording of it is kept. A year covers the time in which bills and complaints come.',
    ),
    sessionsDays: days(
      90,
      'Days that a closed masking session is kept. While it is there, its people may be given the number on which they have met before, and who calls too late is told so.',
    ),
    peopleDays: days(
      90,
      'Days without a session, a call or a block after which the number of a person is forgotten; who comes back has a new token then.',
    ),
    eventsDays: days(
      30,
      'Days that an event is kept, for readers by cursor and for webhooks that are replayed. A month covers a consumer that was broken over holidays; events hold tokens and no numbers.',
    ),
    auditDays: days(
      365,
      'Days that the audit log and the receipts of erasures are kept: as long as the calls whose numbers were shown.',
    ),
  },
  'How long things are kept. Traces and event logs have settings of their own (`trace.hours`, `replay.hours`).',
);
