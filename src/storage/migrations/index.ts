import { statements as first } from './0001-first.ts';
import { statements as transports } from './0002-transports.ts';
import { statements as fenceAndTraces } from './0003-fence-and-traces.ts';
import { statements as transcripts } from './0004-transcripts.ts';
import { statements as appStorage } from './0005-app-storage.ts';
import { statements as callLists } from './0006-call-lists.ts';
import { statements as platformApi } from './0007-platform-api.ts';
import { statements as eventLogs } from './0009-event-logs.ts';
import { statements as recordingWishes } from './0010-recording-wishes.ts';
import { statements as masking } from './0011-masking.ts';
import { statements as events } from './0012-events.ts';
import { statements as privacy } from './0013-privacy.ts';

export interface Migration {
  /** Never changes once released: it is what the database remembers. */
  readonly name: string;
  readonly statements: readonly string[];
}

/** In order. Only ever add at the end. */
export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-first', statements: first },
  { name: '0002-transports', statements: transports },
  { name: '0003-fence-and-traces', statements: fenceAndTraces },
  { name: '0004-transcripts', statements: transcripts },
  { name: '0005-app-storage', statements: appStorage },
  { name: '0006-call-lists', statements: callLists },
  { name: '0007-platform-api', statements: platformApi },
  { name: '0009-event-logs', statements: eventLogs },
  { name: '0010-recording-wishes', statements: recordingWishes },
  { name: '0011-masking', statements: masking },
  { name: '0012-events', statements: events },
  { name: '0013-privacy', statements: privacy },
];
