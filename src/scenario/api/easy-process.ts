/**
 * `easyProcess` and the helpers on it. Behaviour by the public page and the published description of it
 * (voximplant.com/docs/references/voxengine/voxengine/easyprocess): the sound is joined at once; the first leg rings when
 * the second rings, hears its early media, and is answered when it answers; when one leg ends so does the other, and the
 * session.
 *
 * Where we differ, on purpose:
 * - INFO and MESSAGE bodies do not cross by themselves (ARCHITECTURE, privacy 7): they may carry the other's number.
 * - A second leg that fails gives its status to a first leg that is still alerting, so that the caller learns "busy".
 * - The helpers show the dialled service number, never the caller's own number, which would be refused anyway.
 */
import type { Call } from './call.ts';
import { connectBoth } from './media-unit.ts';
import { callPSTN, callSIP, callUser, onAppEvent, terminate } from './vox-engine.ts';

type Established = (call1: Call, call2: Call) => unknown;

export function easyProcess(
  call1: Call,
  call2: Call,
  onEstablishedCallback?: unknown,
  _direct?: unknown,
): void {
  let told = false;
  const established = (): void => {
    if (told || typeof onEstablishedCallback !== 'function') return;
    told = true;
    (onEstablishedCallback as Established)(call1, call2);
  };
  connectBoth(call1, call2, 'VoxEngine.easyProcess');
  call1.addEventListener('Call.Connected', established);
  call2.addEventListener('Call.Ringing', () => call1.ring());
  call2.addEventListener('Call.AudioStarted', () => call1.startEarlyMedia());
  call2.addEventListener('Call.Connected', () => {
    if (call1.state() === 'CONNECTED') established();
    else call1.answer();
  });
  endTogether(call1, call2);
  // Whoever hung up while the script was asking its backend will not say so again (PITFALLS row 40).
  if (call1.state() === 'TERMINATED') call2.hangup();
  if (call2.state() === 'TERMINATED') call1.hangup();
  if (call1.state() === 'TERMINATED' && call2.state() === 'TERMINATED') terminate();
}

function endTogether(call1: Call, call2: Call): void {
  const ended = (other: Call, code: number | undefined): void => {
    if (other.state() === 'TERMINATED') terminate();
    else if (other.state() === 'ALERTING' && code !== undefined) other.reject(code);
    else other.hangup();
  };
  for (const [one, other] of [
    [call1, call2],
    [call2, call1],
  ] as const) {
    one.addEventListener('Call.Failed', (e: { code: number }) => ended(other, e.code));
    one.addEventListener('Call.Disconnected', () => ended(other, 480));
  }
}

interface Alerting {
  readonly call: Call;
  readonly destination: string;
  readonly toURI: string;
  readonly displayName: string;
}

export function onAlerting(handler: (e: Alerting) => void): void {
  onAppEvent('Application.CallAlerting', (e) => handler(e as unknown as Alerting));
}

export function forwardCallToPSTN(
  numberTransform?: unknown,
  onEstablishedCallback?: unknown,
  options?: { callerid?: string },
): void {
  onAlerting((e) => {
    const number = typeof numberTransform === 'function' ? numberTransform(e.destination) : e.destination;
    easyProcess(e.call, callPSTN(number, options?.callerid ?? e.destination), onEstablishedCallback);
  });
}

export function forwardCallToUser(onEstablishedCallback?: unknown, _video?: unknown): void {
  onAlerting((e) => {
    const callee = callUser({ username: e.destination, callerid: e.destination });
    easyProcess(e.call, callee, onEstablishedCallback);
  });
}

export function forwardCallToSIP(onEstablishedCallback?: unknown, _video?: unknown): void {
  onAlerting((e) =>
    easyProcess(e.call, callSIP(e.toURI, { callerid: e.destination }), onEstablishedCallback),
  );
}

/** Answers, plays, and ends the session when all of it was heard (not before: PITFALLS row 37). */
export function playSoundAndHangup(fileURL: unknown): void {
  onAlerting(({ call }) => {
    call.addEventListener('Call.Connected', () => call.startPlayback(fileURL));
    for (const end of ['Call.Failed', 'Call.Disconnected', 'Call.PlaybackFinished'])
      call.addEventListener(end, terminate);
    call.answer();
  });
}
