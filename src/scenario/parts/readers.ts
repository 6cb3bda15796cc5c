/** The readers of the parts' commands, one line for each part. */
import type { Fields } from '../command-fields.ts';
import { ACCESS_READERS } from './access-reader.ts';
import { ACD_READERS } from './acd-reader.ts';
import { AMD_READERS } from './amd-reader.ts';
import { ASR_READERS } from './asr-reader.ts';
import { CALL_LIST_READERS } from './calllist-reader.ts';
import { CONFERENCE_READERS } from './conference-reader.ts';
import { MAIL_READERS } from './mail-reader.ts';
import { MASKING_READERS } from './masking-reader.ts';
import type { PartCommand } from './protocol.ts';
import type { Readers } from './reader.ts';
import { STORAGE_READERS } from './storage-reader.ts';
import { WEB_SOCKET_READERS } from './websocket-reader.ts';

export type { Readers };

const READERS: Readers<PartCommand> = {
  ...ACD_READERS,
  ...AMD_READERS,
  ...ASR_READERS,
  ...STORAGE_READERS,
  ...CALL_LIST_READERS,
  ...MAIL_READERS,
  ...MASKING_READERS,
  ...CONFERENCE_READERS,
  ...ACCESS_READERS,
  ...WEB_SOCKET_READERS,
};

const BY_TYPE = new Map(
  Object.entries(READERS as Readonly<Record<string, (fields: Fields, type: string) => PartCommand>>),
);

export function readPartCommand(type: string, fields: Fields): PartCommand | undefined {
  return BY_TYPE.get(type)?.(fields, type);
}
