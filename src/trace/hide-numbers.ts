import { maskDigits, maskNumbersIn } from '../kernel/phone-number.ts';
import type { TracedMessage } from './ports.ts';

/** User parts of URIs that are digits, however few: extensions too are numbers of people. `%2B` is a plus sign. */
const NUMERIC_USER = /(\b(?:sips?|tel):)((?:\+|%2b)?\d{2,})(?=[@;>\s]|$)/gi;
/** Typed digits in a header that a peer invented are found by their length only, like numbers in any other text. */

/** The same message with telephone numbers hidden, e.g. `+7•••••••12`. */
export function hideNumbers(message: TracedMessage): TracedMessage {
  const text = message.text.replace(
    NUMERIC_USER,
    (_, scheme: string, user: string) => scheme + maskDigits(user),
  );
  return { ...message, text: maskNumbersIn(text) };
}
