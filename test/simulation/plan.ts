/** What happens in one run, drawn from its seed before anything moves. Times are ms of the virtual clock. */

/** Something that a peer does while people talk. */
export interface TalkAction {
  /** After its side was up. */
  readonly after: number;
  readonly kind:
    | 're-invite'
    | 'hold'
    | 'late-re-invite'
    | 'update'
    | 'info'
    | 'options'
    | 'message'
    | 'refer';
}

/** What a peer answers to an offer of the server's inside the dialog. */
export type ReOfferManner = 'accept' | 'refuse' | 'slow' | 'glare';

export interface PeerPlan {
  readonly transport: 'udp' | 'tcp';
  readonly actions: readonly TalkAction[];
  readonly reOffers: ReOfferManner;
  /** RFC 4028: asks for a session timer, and who is to refresh. `forgets`: it should, and does not. */
  readonly sessionTimer: 'none' | 'server' | 'itself' | 'forgets';
  /** From this moment on nobody is there, and nobody comes back. */
  readonly diesAt: number | undefined;
  /** The network loses everything to and from it for a while. */
  readonly cutOff: { readonly at: number; readonly ms: number } | undefined;
  /** Its TCP connections break. */
  readonly breaksAt: readonly number[];
}

export interface CallerPlan extends PeerPlan {
  readonly lateOffer: boolean;
  /** A digest account instead of a trunk that is known by address. */
  readonly digest: boolean;
  /** Hangs up so long after its INVITE, whatever has happened until then. */
  readonly hangsUpAfter: number | undefined;
  /** Leaves an early dialog by BYE, as §15 allows, instead of CANCEL. */
  readonly byeWhileRinging: boolean;
  /** Never acknowledges a 2xx. */
  readonly neverAcks: boolean;
  /** RFC 3262: whether it understands, or insists on, reliable provisional responses. */
  readonly reliable: 'none' | 'supported' | 'required';
  /** Sends its INVITE once more although it has a provisional response. */
  readonly repeatsInvite: boolean;
}

export interface CalleeStep {
  readonly after: number;
  readonly status: number;
  readonly sdp: boolean;
  /** RFC 3262: wants a PRACK, where the server understands it. */
  readonly reliable: boolean;
  /** Which of the forked phones speaks. */
  readonly fork: number;
}

/** How one dialled number behaves. */
export interface CalleePlan {
  readonly steps: readonly CalleeStep[];
  readonly sendsTrying: boolean;
  /** `late-200`: answers 200 to CANCEL and to INVITE, so that they cross. `deaf`: 200 to CANCEL and rings on. */
  readonly onCancel: 'obey' | 'late-200' | 'slow' | 'deaf';
  readonly hangsUpAfter: number | undefined;
  /** A BYE at once behind the 200, which §15 forbids and carriers do. */
  readonly byeBeforeAck: boolean;
  /** How often the INVITE is challenged, and with what. */
  readonly challenges: readonly (401 | 407)[];
  /** The first carrier refuses or stays silent and the second one does the rest. */
  readonly firstCarrier: 'takes' | 'silent' | number;
  /** Answers with another SDP in 200 than in 18x. */
  readonly changesSdp: boolean;
}

export interface BackendPlan {
  readonly delay: number;
  readonly answer: 'route' | 'not-found' | 'error' | 'nonsense' | 'never' | 'broken';
}

export interface ScriptPlan {
  readonly style: 'answer-late' | 'answer-first' | 'hunt' | 'both' | 'ivr' | 'reject' | 'quickjs';
  /** The longest that a turn takes. */
  readonly latency: number;
  readonly records: boolean;
  /** Hangs up everything so long after its start. */
  readonly endsAfter: number | undefined;
  /** Throws, or its worker dies, so long after its start. */
  readonly diesAfter: number | undefined;
  /** INFO and digits to either leg while they talk. */
  readonly talks: boolean;
  /** Puts legs on hold and back. */
  readonly holds: boolean;
}

export interface FaultPlan {
  /** One way, ms. */
  readonly latency: number;
  readonly loss: number;
  readonly duplication: number;
  /** Longest further delay of a datagram, and how often. */
  readonly delay: number;
  readonly delayed: number;
  /** Streams arrive in slices of up to so many bytes. */
  readonly slice: number;
  /** When the database fails, and for how long. */
  readonly database: { readonly at: number; readonly ms: number } | undefined;
  /** The database takes its time. */
  readonly databaseMs: number;
  readonly mediaDiesAt: number | undefined;
  /** The node is told to stop. */
  readonly drainAt: number | undefined;
  readonly drainMs: number;
}

export interface Plan {
  readonly seed: number;
  readonly kind: Kind;
  readonly caller: CallerPlan;
  /** What both carriers' phones have in common. */
  readonly carrier: PeerPlan;
  /** One per number that the script may dial, in order. */
  readonly callees: readonly CalleePlan[];
  readonly backend: BackendPlan;
  readonly script: ScriptPlan;
  readonly faults: FaultPlan;
}

/** What a run is mainly about. Everything else happens besides, now and then. */
export const KINDS = [
  'plain',
  'hang-up',
  'crossing',
  'storm',
  'fork',
  'talk',
  'silent',
  'refuse',
  'challenge',
  'failover',
  'tcp',
  'backend',
  'worker',
  'database',
  'drain',
  'quickjs',
] as const;
export type Kind = (typeof KINDS)[number];
