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

/** By namespace or class. */
export const MORE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  VoxEngine: [
    'function getCallById(callId: string): Call | undefined;',
    'function mediaSessionAccessURL(): string;',
  ],
  Call: [
    '/** Puts the peer on hold; the outcome is ReInviteAccepted or ReInviteRejected. */',
    'hold(): void;',
    'unhold(): void;',
  ],
  Net: ['class HttpRequestOptions {}'],
};

/** Fields that take more than the list says. */
export const WIDER_FIELDS: Readonly<Record<string, string>> = {
  'Net.HttpRequestOptions.headers': '{ [key: string]: string } | string[] | string',
  'Net.HttpRequestOptions.postData': 'string | number[] | object',
};

export const EXTRA: readonly string[] = [
  '/** `Language.RU_RUSSIAN_FEMALE`: what can be honoured of it is the language. */',
  'declare const Language: { readonly [name: string]: string };',
];
