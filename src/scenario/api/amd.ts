/** `AMD`, and what calls tell of beeps. */
import { AnsweringMachineDetector, deliverTo, EVENTS, Events } from './amd-detector.ts';
import { deliver } from './call.ts';
import { checkedEnum } from './enums.ts';
import type { ApiPart } from './part.ts';
import { callById } from './vox-engine.ts';

const AMD = {
  create,
  AnsweringMachineDetector,
  Events,
  Model: checkedEnum('AMD.Model', {
    BR: 'br',
    CL: 'cl',
    CO: 'colombia',
    KZ: 'kz',
    MX: 'mx',
    RU: 'ru',
    PH: 'ph',
    PE: 'pe',
    US: 'us',
    EU_GENERAL: 'eu_general',
  }),
  ResultClass: checkedEnum('AMD.ResultClass', {
    VOICEMAIL: 'VOICEMAIL',
    HUMAN: 'HUMAN',
    TIMEOUT: 'TIMEOUT',
    CALL_ENDED: 'CALL_ENDED',
  }),
  ResultSubtype: checkedEnum('AMD.ResultSubtype', { MIMIC: 'MIMIC', NONE: 'NONE' }),
};

function create(parameters?: unknown): AnsweringMachineDetector {
  const isOptions = parameters !== null && typeof parameters === 'object';
  return new AnsweringMachineDetector(isOptions ? (parameters as Readonly<Record<string, unknown>>) : {});
}

export const amd: ApiPart = {
  globals: { AMD },
  members: { VoxEngine: { createAMD: create } },
  modules: ['amd'],
  deliver: {
    'amd-complete': ({ amdId, resultClass, confidence }) =>
      deliverTo(amdId, EVENTS.DetectionComplete, (call) => ({
        call,
        resultClass,
        resultSubtype: 'NONE',
        confidence,
      })),
    'amd-error': ({ amdId, message }) => deliverTo(amdId, EVENTS.DetectionError, () => ({ message })),
    'amd-beep': ({ callId, frequency }) => {
      const call = callById(callId);
      if (call === undefined) return;
      const found =
        frequency === undefined ? { timeout: true } : { timeout: false, frequencies: [frequency] };
      deliver(call, 'Call.BeepDetectionComplete', undefined, found);
      if (frequency !== undefined)
        deliver(call, 'Call.ToneDetected', undefined, { ProgressTone: false, VoicemailTone: true });
    },
    'amd-beep-error': ({ callId, reason }) => {
      const call = callById(callId);
      if (call !== undefined) deliver(call, 'Call.BeepDetectionError', undefined, { reason });
    },
  },
};
