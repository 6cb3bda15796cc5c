/** The parts of the API beyond calls, players, recorders, timers and HTTP: one line for each in `PARTS`. */
import type { PartEvent } from '../parts/protocol.ts';
import type { HostEvent } from '../protocol.ts';
import { access } from './access.ts';
import { acd } from './acd.ts';
import { amd } from './amd.ts';
import { asr } from './asr.ts';
import { callList } from './calllist.ts';
import { conference } from './conference.ts';
import { crypto } from './crypto.ts';
import { directCalls } from './direct-calls.ts';
import { ivr } from './ivr.ts';
import { mail } from './mail.ts';
import { masking } from './masking.ts';
import type { ApiPart } from './part.ts';
import { phoneNumber } from './phone-number.ts';
import { smartQueue } from './smart-queue.ts';
import { storage } from './storage.ts';

import { websocket } from './websocket.ts';

export type { ApiPart };

export const PARTS: readonly ApiPart[] = [
  conference,
  amd,
  asr,
  directCalls,
  ivr,
  acd,
  smartQueue,
  storage,
  callList,
  crypto,
  mail,
  masking,
  phoneNumber,
  access,
  websocket,
];

const DELIVER = new Map<string, (event: HostEvent) => void>();
for (const part of PARTS)
  for (const [type, handler] of Object.entries(part.deliver ?? {}))
    DELIVER.set(type, handler as (event: HostEvent) => void);

/** False when no part knows the event. */
export function deliverToPart(event: HostEvent): event is PartEvent {
  const handler = DELIVER.get(event.type);
  handler?.(event);
  return handler !== undefined;
}
