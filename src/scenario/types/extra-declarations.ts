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
  ],
  Net: ['class HttpRequestOptions {}'],
};

/** Fields that take more than the list says. */
export const WIDER_FIELDS: Readonly<Record<string, string>> = {
  'Net.HttpRequestOptions.headers': '{ [key: string]: string } | string[] | string',
  'Net.HttpRequestOptions.postData': 'string | number[] | object',
};

/** Families of constants by vendor: what can be honoured of a name is the language. */
export const EXTRA: readonly string[] = [
  'declare const Language: { readonly [name: string]: string };',
  'declare const ASRLanguage: { readonly [name: string]: string };',
  'declare const VoiceList: { readonly [vendor: string]: any };',
  'declare const ASRProfileList: { readonly [vendor: string]: any };',
  'declare const ASRModelList: { readonly [vendor: string]: any };',
];
