/**
 * Calls from phone to phone, P2P in the cloud (voximplant.com/docs/references/voxengine/voxengine/calluserdirect). Here the
 * sound passes through the server all the same, so that neither phone learns where the other is; and what the cloud cannot
 * do with such a call, recording and playback, works.
 */
import type { Call } from './call.ts';
import { easyProcess, onAlerting } from './easy-process.ts';
import { text } from './headers.ts';
import type { ApiPart } from './part.ts';
import { callById, callUser } from './vox-engine.ts';

function callUserDirect(_incomingCall: unknown, username: unknown, parameters?: unknown): Call {
  const options = parameters !== null && typeof parameters === 'object' ? parameters : {};
  return callUser({ ...options, username });
}

function forwardCallToUserDirect(onEstablishedCallback?: unknown): void {
  onAlerting(({ call, destination }) => {
    const parameters = { callerid: destination };
    easyProcess(call, callUserDirect(call, destination, parameters), onEstablishedCallback);
  });
}

/** Undefined for a call that nobody knows, or that has ended long ago. */
function getCallById(callId: unknown): Call | undefined {
  return callById(text(callId));
}

export const directCalls: ApiPart = {
  members: { VoxEngine: { callUserDirect, forwardCallToUserDirect, getCallById } },
};
