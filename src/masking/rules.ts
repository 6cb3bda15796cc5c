import type { SessionRules } from './types.ts';

/** A session of which nothing is said: it lasts until it is closed, and anyone of it may call, as often and as long as wished. */
export const NO_RULES: SessionRules = {
  ttlSeconds: undefined,
  sliding: false,
  maxCalls: undefined,
  maxCallSeconds: undefined,
  oneWayFrom: undefined,
  ringSeconds: undefined,
  greeting: undefined,
  record: false,
  transcribe: false,
  language: undefined,
};
