/** What is here and not in the list of the API: older forms, and members of ours. */

/** By function or method: further signatures. */
export const MORE_FORMS: Readonly<Record<string, readonly string[]>> = {
  'VoxEngine.callPSTN': [
    '(number: string, callerid?: string, parameters?: CallPSTNParameters | null, ...older: object[]): Call',
  ],
  'VoxEngine.callUser': [
    '(username: string, callerid?: string, displayName?: string, extraHeaders?: { [header: string]: string }): Call',
  ],
  'VoxEngine.callSIP': [
    '(to: string, callerid?: string, displayName?: string, password?: string, authUser?: string, extraHeaders?: object): Call',
  ],
  'VoxEngine.createURLPlayer': ['(url: string, parameters?: URLPlayerParameters | boolean): Player'],
  'VoxEngine.createTTSPlayer': ['(text: string, language: string, ...older: any[]): Player'],
  'VoxEngine.forwardCallToPSTN': [
    '(numberTransform?: any, onEstablishedCallback?: any, options?: any): void',
  ],
  'Call.say': ['(text: string, language: string | Voice): void'],
  'Call.startPlayback': ['(url: string, loop: boolean): void'],
  'Call.reject': ['(code?: number, extraHeaders?: object): void'],
  'Call.record': ['(): void'],
  'ApplicationStorage.put': ['(key: string, value: string, ttl?: number): Promise<StorageKey>'],
};

/** Ours, and what scripts for the cloud use though its type definitions leave it out; by namespace, class, enum or interface. */
export const MORE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  VoxEngine: [
    '/** As older scripts have it: `AMD.create`. */',
    'function createAMD(parameters: AMD.AMDParameters): AMD.AnsweringMachineDetector;',
    'function getCallById(callId: string): Call | undefined;',
    '/** The URL of this session. */',
    'function mediaSessionAccessURL(): string;',
  ],
  Call: [
    '/** Ours: the peer is on hold, is not heard any more, and hears what is sent to its call. */',
    'hold(): void;',
    'unhold(): void;',
  ],
  CallSayParameters: ['/** As older scripts have it. */', 'language?: any;'],
  TTSPlayerParameters: ['/** As older scripts have it. */', 'language?: any;'],
  Modules: [
    '/** Part of the core. */',
    'Net = "net",',
    'Player = "player",',
    'CallList = "calllist",',
    'WebSocket = "websocket",',
    'AMD = "amd",',
    '/** Ours: who is meant by a call, without numbers. */',
    'Masking = "masking",',
  ],
  Net: ['class HttpRequestOptions {}'],
};

/** Fields that take more than the list says. */
export const WIDER_FIELDS: Readonly<Record<string, string>> = {
  'Net.HttpRequestOptions.headers': '{ [key: string]: string } | string[] | string',
  'Net.HttpRequestOptions.postData': 'string | number[] | object',
};

/** Ours, not VoxEngine's: docs/guide/scripts-with-masking.md. */
const MASKING: readonly string[] = [
  '/** Ours: who is meant by a call, and calling them, without their numbers. `require(Modules.Masking)` first. */',
  'declare namespace Masking {',
  "  type Announcement = { kind: 'say'; text: string; language?: string } | { kind: 'play'; url: string };",
  '  interface Common { readonly id: string; /** BCP 47. */ readonly language: string; }',
  "  interface Connect extends Common { readonly kind: 'connect'; readonly sessionId: string | null; readonly callees: readonly { readonly announcement: Announcement | null }[]; readonly greeting: Announcement | null; readonly record: boolean; readonly transcribe: boolean; readonly ringSeconds: number | null; readonly maxCallSeconds: number | null; }",
  "  interface Choose extends Common { readonly kind: 'choose'; readonly options: readonly { readonly sessionId: string; readonly label: string }[]; }",
  "  interface AskExtension extends Common { readonly kind: 'ask-extension'; readonly tries: number; }",
  "  interface Play extends Common { readonly kind: 'play' | 'call-back'; readonly announcement: Announcement; }",
  "  interface Operator extends Common { readonly kind: 'operator'; readonly user: string; readonly announcement: Announcement | null; }",
  "  interface Reject extends Common { readonly kind: 'reject'; readonly status: number; readonly reason: string; }",
  '  type Decision = Connect | Choose | AskExtension | Play | Operator | Reject;',
  '  /** Who is meant by a call that came in. The host takes caller and dialled number from the call. */',
  '  function resolve(call: Call, parameters?: { extension?: string; chosen?: string }): Promise<Decision>;',
  '  /** Calls one of the callees (0 if none is named). `number()` of that call is empty. */',
  '  function call(decision: Connect, parameters?: { callee?: number }): Call;',
  '  /** A party asks to be left alone by the other one; false: there is no other one. */',
  '  function leaveAlone(call: Call): Promise<boolean>;',
  '  /** Tells your backend, by the event call_back.requested, that the caller wants to be called back. */',
  '  function promise(call: Call): Promise<boolean>;',
  '}',
];

/** Families of constants by vendor: what can be honoured of a name is the language. */
export const EXTRA: readonly string[] = [
  'declare const Language: { readonly [name: string]: string };',
  'declare const ASRLanguage: { readonly [name: string]: string };',
  'declare const VoiceList: { readonly [vendor: string]: any };',
  'declare const ASRProfileList: { readonly [vendor: string]: any };',
  'declare const ASRModelList: { readonly [vendor: string]: any };',
  ...MASKING,
];
