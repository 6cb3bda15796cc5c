import type { CallObserverEvents } from '../call/types.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import { emptyRecord } from './open-record.ts';
import type { RecordChange } from './ports.ts';

/** Errors of the catalogue that refuse a call, as a reader of records says them. */
const WORDS: Readonly<Record<string, string>> = {
  'number/unknown': 'unknown number',
  'rule/none': 'no rule matches the dialled number',
  'admission/full': 'the node was full',
  'admission/draining': 'the node was shutting down',
  'media/busy': 'no media port was free',
  'media/no-common-codec': 'no common codec',
  'media/no-common-security': 'no common way to secure the audio',
  'media/unreadable-sdp': 'the SDP cannot be read',
};

/** A call that was refused before a scenario had a say gets a whole record at once: one leg, one event. */
export function refusedRecord(
  told: CallObserverEvents['refused'],
  random: Random,
  node: string,
  at: number,
): readonly RecordChange[] {
  const id = random.uuid();
  const callId = random.uuid();
  const reason = WORDS[told.error] ?? maskNumbersIn(told.reason);
  return [
    {
      kind: 'open',
      record: {
        ...emptyRecord(id, node, at),
        status: 'refused',
        endedAt: at,
        reason,
        legs: [
          {
            callId,
            incoming: true,
            callerid: told.caller,
            number: told.dialled,
            startedAt: at,
            ringingAt: undefined,
            answeredAt: undefined,
            endedAt: at,
            durationSeconds: 0,
            code: told.code,
            reason,
            endedBy: 'local',
            media: undefined,
          },
        ],
      },
    },
    {
      kind: 'event',
      event: {
        sessionId: id,
        position: 1,
        at,
        callId,
        name: 'call.refused',
        detail: { code: told.code, error: told.error },
      },
    },
  ];
}
