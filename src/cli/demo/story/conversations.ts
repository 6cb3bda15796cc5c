import type { PhoneCall } from '../../../phone/phone-call.ts';
import type { Role } from './stage.ts';

/** Two legs of one conversation, each as its own phone saw it. */
export interface Conversation {
  readonly one: Role;
  readonly call: PhoneCall;
  readonly other: Role;
  readonly answer: PhoneCall;
}
