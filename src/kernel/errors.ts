/**
 * What a failure means, in one place. Each entry says which SIP or HTTP status a peer is owed, whether trying again
 * is safe (PITFALLS row 39: never, once an INVITE has left), and what an operator should do. `docs/reference/errors.md`
 * is generated from this table.
 */
export interface ErrorMeaning {
  /** Status for the SIP peer, where the failure can reach one. */
  readonly sip?: number;
  /** Status for the HTTP client, where the failure can reach one. */
  readonly http?: number;
  /** True when the same request may be sent again without doing anything twice. */
  readonly retryable: boolean;
  /** One sentence that says what happened. */
  readonly title: string;
  /** One sentence that says what to do. */
  readonly hint: string;
}

export const ERRORS = {
  'config/invalid': {
    retryable: false,
    title: 'A setting is wrong.',
    hint: 'Correct the setting that the message names; docs/reference/settings.md lists all of them.',
  },
  'number/unknown': {
    sip: 404,
    http: 404,
    retryable: false,
    title: 'The dialled number is not one of our service numbers.',
    hint: 'Add the number to an application, or check the format in which the trunk delivers it.',
  },
  'rule/none': {
    sip: 404,
    retryable: false,
    title: 'No rule of the application matches the dialled number.',
    hint: 'Add a rule whose pattern matches, or a catch-all rule with the pattern .*',
  },
  'identity/refused': {
    sip: 403,
    http: 403,
    retryable: false,
    title: 'The application may not show that number.',
    hint: 'Show a service number that the application holds, or a number that was verified for it.',
  },
  'fence/destination': {
    sip: 403,
    retryable: false,
    title: 'The fence of the application does not allow that destination.',
    hint: 'If it is meant, add its country to fence.countries or its prefix to fence.prefixes of the application; by default only the countries of its own numbers are allowed.',
  },
  'fence/premium': {
    sip: 403,
    retryable: false,
    title:
      'The fence of the application does not allow premium-rate, shared-cost, personal and satellite numbers.',
    hint: 'If it is meant, add the prefix to fence.prefixes of the application, or set fence.premium to true.',
  },
  'fence/host': {
    sip: 403,
    retryable: false,
    title: 'The fence of the application does not allow calls to that SIP host.',
    hint: 'If it is meant, add the host to fence.hosts of the application.',
  },
  'fence/concurrent-calls': {
    sip: 403,
    retryable: true,
    title: 'The fence of the application allows no more calls at once.',
    hint: 'Look whether these calls are yours; if so, raise fence.concurrentCalls of the application.',
  },
  'fence/calls-per-minute': {
    sip: 403,
    retryable: true,
    title: 'The fence of the application allows no more calls in this minute.',
    hint: 'Look whether these calls are yours; if so, raise fence.callsPerMinute of the application.',
  },
  'fence/daily-minutes': {
    sip: 403,
    retryable: true,
    title: 'The fence of the application allows no more minutes on this day.',
    hint: 'Look whether these calls are yours; if so, raise fence.dailyMinutes of the application. A day ends at midnight UTC.',
  },
  'fence/unavailable': {
    sip: 503,
    retryable: true,
    title: 'The fence could not ask the database for room for one more call.',
    hint: 'Look at the database; calls go on within what this node had leased before.',
  },
  'trunk/none': {
    sip: 503,
    http: 409,
    retryable: true,
    title: 'No trunk accepts the number that was called.',
    hint: 'Add a trunk whose prefixes cover the number and whose shownPrefixes the number that is shown; an empty list covers all.',
  },
  'trunk/busy': {
    sip: 503,
    http: 503,
    retryable: true,
    title: 'Every trunk for the number carries as many calls as it may.',
    hint: 'Raise maxCalls, maxOutboundCalls or callsPerSecond of the trunk if the carrier allows it, or add a trunk.',
  },
  'trunk/unreachable': {
    sip: 503,
    retryable: false,
    title: 'The trunk did not answer.',
    hint: 'Check the address of the trunk, its firewall and its registration.',
  },
  'user/unknown': {
    sip: 404,
    http: 404,
    retryable: false,
    title: 'There is no such SIP account.',
    hint: 'Add the user, or correct the name in the script.',
  },
  'user/offline': {
    sip: 480,
    retryable: false,
    title: 'The SIP account has no phone registered.',
    hint: 'Register a phone for the account.',
  },
  'uri/malformed': {
    sip: 484,
    http: 400,
    retryable: false,
    title: 'The URI to call is malformed.',
    hint: 'Give a SIP URI such as sip:name@host or a tel: URI with a whole number.',
  },
  'uri/unsupported': {
    sip: 416,
    http: 400,
    retryable: false,
    title: 'The scheme of the URI is not supported.',
    hint: 'Call a sip:, sips: or tel: URI.',
  },
  'call/looped': {
    sip: 482,
    retryable: false,
    title: 'The call would come back to this server.',
    hint: 'Look for a trunk or a URI that points at this very server, and for a number that is forwarded back to us.',
  },
  'call/too-many-hops': {
    sip: 483,
    retryable: false,
    title: 'The call has been forwarded too often.',
    hint: 'Look for numbers or rules that forward to each other; Max-Forwards has been used up.',
  },
  'media/busy': {
    sip: 503,
    http: 503,
    retryable: true,
    title: 'No RTP port or media worker is free.',
    hint: 'Widen media.ports, add media workers, or add a node.',
  },
  'media/no-address': {
    sip: 488,
    retryable: false,
    title: 'The peer wants media over an IP version for which we have no address.',
    hint: 'Configure a media address of that version, or let the peer use the other one.',
  },
  'media/no-common-codec': {
    sip: 488,
    retryable: false,
    title: 'The phone offers no codec that we speak.',
    hint: 'Enable PCMU, PCMA or G.722 on the phone or the trunk.',
  },
  'media/unreadable-sdp': {
    sip: 400,
    retryable: false,
    title: 'The SDP cannot be read.',
    hint: 'Look at the trace of the call: RFC 8866 says what an SDP is, and its audio needs an address.',
  },
  'media/no-common-security': {
    sip: 488,
    retryable: false,
    title: 'One side wants SRTP, and the other has none or no suite in common with it.',
    hint: 'Compare media.srtp of the trunk with what the peer is set to: SDES keys (RFC 4568), AES_CM_128_HMAC_SHA1_80.',
  },
  'scenario/unknown': {
    http: 404,
    retryable: false,
    title: 'There is no such scenario.',
    hint: 'GET /v1/scenarios lists the scenarios of the application.',
  },
  'scenario/failed': {
    sip: 500,
    retryable: false,
    title: 'The scenario failed.',
    hint: 'Read the error with its line in the events of the call.',
  },
  'scenario/silent': {
    sip: 480,
    retryable: false,
    title: 'The scenario neither answered nor ended the call in time.',
    hint: 'Handle AppEvents.CallAlerting, and answer, reject or forward the call there.',
  },
  'call-list/invalid': {
    http: 400,
    retryable: false,
    title: 'The call list is not valid.',
    hint: 'Correct what the message names: a setting, a column of the header line, or the line of the table.',
  },
  'call-list/unknown': {
    http: 404,
    retryable: false,
    title: 'There is no such call list or task.',
    hint: 'Look up its number in the lists of the application.',
  },
  'call-list/in-progress': {
    http: 409,
    retryable: true,
    title: 'The call list is in progress.',
    hint: 'Stop it first, and wait until its running calls are over.',
  },
  'masking/no-number': {
    http: 409,
    retryable: true,
    title: 'No service number is free for these people.',
    hint: 'Add numbers to the pool, close sessions that are over, or wait for the cool-off; `maskline numbers plan` says how many numbers a day needs.',
  },
  'masking/number-taken': {
    http: 409,
    retryable: false,
    title: 'That service number cannot be given to these people.',
    hint: 'Name another number of the pool, or none: then one that is free is chosen.',
  },
  'masking/external-id-taken': {
    http: 409,
    retryable: false,
    title: 'Another open session has that externalId.',
    hint: 'Close that session, which the list shows by its externalId, or choose another one.',
  },
  'masking/extension-taken': {
    http: 409,
    retryable: false,
    title: 'The extension is another party’s on that number.',
    hint: 'Wish other digits, or none: then some that are free are drawn.',
  },
  'masking/session-closed': {
    http: 409,
    retryable: false,
    title: 'The session is closed.',
    hint: 'Make a new one; a closed session cannot be changed.',
  },
  'masking/unknown-session': {
    http: 404,
    retryable: false,
    title: 'There is no such session.',
    hint: 'GET /v1/masking-sessions lists the sessions that this key may see.',
  },
  'masking/unknown-party': {
    http: 404,
    retryable: false,
    title: 'The session has no such party.',
    hint: 'GET /v1/masking-sessions/{id} names its parties.',
  },
  'masking/unknown-pool': {
    http: 404,
    retryable: false,
    title: 'The application has no such number pool.',
    hint: 'GET /v1/number-pools lists them; PUT /v1/number-pools/{name} makes one.',
  },
  'masking/party-invalid': {
    http: 422,
    retryable: false,
    title: 'Somebody cannot be a party of that session.',
    hint: 'Correct the number that `fields` names.',
  },
  'masking/policy-invalid': {
    http: 422,
    retryable: false,
    title: 'The routing policy is not valid.',
    hint: 'Correct the field that `fields` names.',
  },
  'admission/full': {
    sip: 503,
    http: 503,
    retryable: true,
    title: 'The node carries as many calls as it may.',
    hint: 'Raise limits.calls if the machine can carry more, or add a node.',
  },
  'admission/late': {
    sip: 503,
    http: 503,
    retryable: true,
    title: 'The node is behind with its work and takes no new calls for a moment.',
    hint: 'Look at what else the machine does; lower limits.calls, raise limits.latenessMs, or add a node.',
  },
  'admission/draining': {
    sip: 503,
    http: 503,
    retryable: true,
    title: 'The node is shutting down and takes no new calls.',
    hint: 'Send the call to another node, or wait for the restart.',
  },
} as const satisfies Record<string, ErrorMeaning>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure from the catalogue. `detail` is for people and must not hold a number; put numbers in as `PhoneNumber`. */
export class MasklineError extends Error {
  override readonly name = 'MasklineError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? ERRORS[code].title : `${ERRORS[code].title} ${detail}`, options);
    this.code = code;
  }

  get meaning(): ErrorMeaning {
    return ERRORS[this.code];
  }
}
