/** Options that mean nothing here: the author is told once, and the call goes on. */
import { warn } from './host-link.ts';

const WHY: Readonly<Record<string, string>> = {
  video: 'there is no video',
  scheme: 'codecs are chosen by the server',
  maxVideoBitrate: 'there is no video',
  videoOrientationExtension: 'there is no video',
  disableExtVideoOffset: 'there is no video',
  disableExtVideoOrientation: 'there is no video',
  disableExtVideoTiming: 'there is no video',
  disableExtPlayoutDelay: 'there is no video',
  audioLevelExtension: 'levels are not sent',
  conferenceCall: 'every call can be put into a conference',
  disableDtxForAudio: 'silence is always sent',
  mixStreams: 'there is one stream',
  analyticsLabel: 'it is a label of the cloud',
  pushNotificationTimeout: 'registered phones need no push',
  followDiversion: 'a redirection is followed as the trunk is set',
  regId: 'registrations belong to trunks',
  outProxy: 'proxies belong to trunks',
};

/** Values that ask for nothing are not spoken of. */
function asksForSomething(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0;
}

export function ignored(where: string, options: unknown, names: readonly string[]): void {
  if (options === null || typeof options !== 'object') return;
  for (const name of names) {
    if (asksForSomething((options as Record<string, unknown>)[name]))
      warn(`${where}: ${name} means nothing here (${WHY[name]}); the call goes on without it.`);
  }
}

export const OF_CALLS = [
  'video',
  'scheme',
  'maxVideoBitrate',
  'videoOrientationExtension',
  'disableExtVideoOffset',
  'disableExtVideoOrientation',
  'disableExtVideoTiming',
  'disableExtPlayoutDelay',
  'audioLevelExtension',
  'conferenceCall',
  'disableDtxForAudio',
  'mixStreams',
  'analyticsLabel',
  'pushNotificationTimeout',
] as const;
