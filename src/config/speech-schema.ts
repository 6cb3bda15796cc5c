/** What the settings file says of speech. */
import Type, { type Static } from 'typebox';
import { section } from './section.ts';

const languages = Type.Array(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' }), {
  default: [],
  description: 'Languages that it is asked for, BCP 47 or the first part of it (ru, en-GB); empty: all.',
});
const url = Type.Optional(
  Type.String({
    pattern: '^(https?|wss?)://',
    description:
      'openai: up to and including the version, http://127.0.0.1:8000/v1. vosk: ws://127.0.0.1:2700.',
  }),
);
const key = Type.String({
  default: '',
  description:
    'API key of an openai server; write ${NAME} to take it from the environment. Empty: none is sent.',
});
const program = Type.Optional(
  Type.String({
    minLength: 1,
    description:
      'Path of the program. Default: espeak-ng, piper, sherpa-onnx-offline-tts, sherpa-onnx-offline, pocketsphinx_continuous, looked up in PATH.',
  }),
);
const args = Type.Array(Type.String({ maxLength: 1024 }), {
  default: [],
  description: 'sherpa-onnx: its options that name the model, e.g. --vits-model=/models/ru/model.onnx.',
});
const timeoutSeconds = (seconds: number) =>
  Type.Integer({
    default: seconds,
    minimum: 1,
    maximum: 120,
    description: 'A piece of work that takes longer has failed, and the script is told; seconds.',
  });
const parallel = (count: number) =>
  Type.Integer({
    default: count,
    minimum: 1,
    maximum: 1000,
    description:
      'Pieces of work at once; more wait. Programs of this machine take a core each, servers their own.',
  });

const Synthesis = section(
  {
    provider: Type.Union(
      [Type.Literal('espeak-ng'), Type.Literal('openai'), Type.Literal('piper'), Type.Literal('sherpa-onnx')],
      {
        description:
          'espeak-ng: Debian package, robotic, every language. openai: any server with /audio/speech. piper, sherpa-onnx: neural voices as files on this machine.',
      },
    ),
    languages,
    voices: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 128 }), {
      default: {},
      description:
        "The provider's own voice by language: `ru-RU female`, `ru female`, `ru-RU`, `ru` or `default`, the first that is there. sherpa-onnx: numbers of speakers.",
    }),
    url,
    key,
    model: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'openai: name of the model. piper: path of the voice, ….onnx.',
      }),
    ),
    format: Type.Union([Type.Literal('wav'), Type.Literal('pcm')], {
      default: 'wav',
      description: 'openai: what is asked for; pcm (24 kHz) for servers that make no WAV.',
    }),
    program,
    arguments: args,
    timeoutSeconds: timeoutSeconds(5),
    parallel: parallel(2),
  },
  'One provider of synthesis.',
);

const Recognition = section(
  {
    provider: Type.Union(
      [
        Type.Literal('vosk'),
        Type.Literal('openai'),
        Type.Literal('pocketsphinx'),
        Type.Literal('sherpa-onnx'),
      ],
      {
        description:
          'vosk: its server, with interim results. openai: any server with /audio/transcriptions. pocketsphinx: Debian packages, English, short lists of phrases. sherpa-onnx: models as files on this machine.',
      },
    ),
    languages,
    url,
    key,
    model: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'openai: name of the model, default whisper-1. pocketsphinx: folder of the model.',
      }),
    ),
    program,
    arguments: args,
    rate: Type.Union([Type.Literal(8000), Type.Literal(16000)], {
      default: 8000,
      description: 'vosk: samples a second that are sent; 16000 for models that do not take telephone sound.',
    }),
    timeoutSeconds: timeoutSeconds(10),
    parallel: parallel(2),
  },
  'One provider of recognition.',
);

export const SpeechSchema = section(
  {
    synthesis: Type.Array(Synthesis, {
      default: [{ provider: 'espeak-ng' }],
      description: 'Who speaks, in order: the first that serves the language and works.',
    }),
    recognition: Type.Array(Recognition, {
      default: [{ provider: 'pocketsphinx', languages: ['en'] }],
      description: 'Who recognises, in order: for ASR of scenarios, and for recordings with `transcribe`.',
    }),
    transcriptsParallel: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 64,
      description: 'Recordings that are recognised at once. They can wait; calls come first.',
    }),
  },
  'Speech: synthesis and recognition. docs/guide/speech.md says which provider is good for what.',
);

/** What a type cannot say: which provider needs what. */
export function speechProblems({ synthesis, recognition }: Static<typeof SpeechSchema>): string[] {
  const lists = { synthesis, recognition };
  return Object.entries(lists).flatMap(([list, entries]) =>
    entries.flatMap(({ provider, url, model, arguments: args }, index) => {
      const at = `/speech/${list}/${index}`;
      const missing = (what: string): string[] => [`${at}: the provider ${provider} needs ${what}.`];
      if (provider === 'openai' && !/^https?:/.test(url ?? ''))
        return missing('url, such as http://127.0.0.1:8000/v1');
      if (provider === 'openai' && model === undefined && list === 'synthesis')
        return missing('model, such as tts-1');
      if (provider === 'vosk' && !/^wss?:/.test(url ?? ''))
        return missing('url, such as ws://127.0.0.1:2700');
      if (provider === 'piper' && model === undefined) return missing('model, the path of a voice (….onnx)');
      if (provider === 'sherpa-onnx' && args.length === 0) return missing('arguments that name its model');
      return [];
    }),
  );
}
