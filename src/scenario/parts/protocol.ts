/**
 * The parts of the API beyond calls, players, recorders, timers and HTTP: each has its own file of events and commands,
 * and one line here in each union. A part is: `parts/<name>-protocol.ts` (this), `parts/<name>-reader.ts` (what a hostile
 * command must look like), `host/<name>.ts` (what carries it out) and `api/<name>.ts` (what the script sees).
 * The type of each event and command begins with the part's name and a hyphen.
 */

import type { AccessCommand, AccessEvent } from './access-protocol.ts';
import type { AcdCommand, AcdEvent } from './acd-protocol.ts';
import type { AmdCommand, AmdEvent } from './amd-protocol.ts';
import type { AsrCommand, AsrEvent } from './asr-protocol.ts';
import type { CallListCommand, CallListEvent } from './calllist-protocol.ts';
import type { ConferenceCommand, ConferenceEvent } from './conference-protocol.ts';
import type { MailCommand, MailEvent } from './mail-protocol.ts';
import type { MaskingCommand, MaskingEvent } from './masking-protocol.ts';
import type { StorageCommand, StorageEvent } from './storage-protocol.ts';
import type { WebSocketCommand, WebSocketEvent } from './websocket-protocol.ts';

export type PartEvent =
  | AcdEvent
  | AmdEvent
  | AsrEvent
  | StorageEvent
  | CallListEvent
  | MailEvent
  | MaskingEvent
  | AccessEvent
  | WebSocketEvent
  | ConferenceEvent;

export type PartCommand =
  | AcdCommand
  | AmdCommand
  | AsrCommand
  | StorageCommand
  | CallListCommand
  | MailCommand
  | MaskingCommand
  | AccessCommand
  | WebSocketCommand
  | ConferenceCommand;
