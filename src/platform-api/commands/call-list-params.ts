/** Parameters that several commands on call lists share. */
import { maskNumbersIn } from '../../kernel/phone-number.ts';
import { PlatformError } from '../errors.ts';
import { file as fileParam, forbidden, ignored, integer, line, oneOf, text } from '../params.ts';

const predictive = forbidden('no predictive dialling');

export const file = fileParam(250);

export const csvOptions = {
  encoding: line({ max: 40 }),
  delimiter: text({ max: 1 }),
  escape: text({ max: 1 }),
  quote: text({ max: 1 }),
};

export const listSettings = {
  interval_seconds: integer({ max: 31_536_000 }),
  start_at: integer({ max: 253_402_300_799, note: 'seconds since the epoch' }),
  task_priority_strategy: oneOf(['first_attempts', 'repeated_attempts']),
  list_custom_data: text({ max: 8_191 }),
};

/** What belongs to predictive dialling, and where calls are made. */
export const unused = {
  queue_id: predictive,
  predictive_type: predictive,
  call_list_type: forbidden('every list is called by the dialler', ['automatic']),
  is_personal_campaign: forbidden('no lists that operators call by hand', ['false', '0']),
  maximum_error_rate: ignored('only with predictive dialling'),
  minimum_busy_factor: ignored('only with predictive dialling'),
  task_multiplier: ignored('only with predictive dialling'),
  ip_address: ignored('any node calls'),
  server_location: ignored('any node calls'),
};

/** `HH:mm:ss`. */
export const clockTime = text({ max: 8, form: /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/ });

/** Seconds after midnight. */
export function readClock(value: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = value.split(':').map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
}

/** The dialler says in words what is wrong; a word may be a cell of the table. */
export async function callListFailure<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const detail = maskNumbersIn(String(message)).slice(0, 300);
    if (code === 'call-list/invalid') throw new PlatformError(250, { detail }, { cause: error });
    if (code === 'call-list/unknown') throw new PlatformError(255, {}, { cause: error });
    if (code === 'call-list/in-progress') throw new PlatformError(101, { detail }, { cause: error });
    throw error;
  }
}
