/** The masking service: sessions, blocks, numbers, the routing policy. */
import type { Caller, Items } from './caller.ts';
import type { Operations } from './schema.ts';
import type { RequestOptions } from './transport.ts';
import type {
  Block,
  BulkOutcome,
  Explanation,
  MaskingSession,
  NewBlock,
  NewMaskingSession,
  NumberPlan,
  NumberPool,
  PartyChange,
  RoutingPolicy,
  ServiceNumber,
  SessionChange,
} from './types.ts';

type Query<Name extends keyof Operations> = Operations[Name]['query'];
type Body<Name extends keyof Operations> = Operations[Name]['body'];
/** Whose: only for keys that are bound to no application. */
type Whose = { readonly application?: string };

/** `maskline.sessions`: who may talk to whom. */
export class Sessions {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** These people may talk. What each of them dials is `parties[…].serviceNumber`. 409 `masking/no-number`: none is free. */
  create(session: NewMaskingSession, options?: RequestOptions): Promise<MaskingSession> {
    return this.#caller.request('createMaskingSession', { body: session }, options);
  }

  /** Up to 1000, each for itself: look at each outcome. */
  createMany(body: Body<'createMaskingSessions'>, options?: RequestOptions): Promise<BulkOutcome> {
    return this.#caller.request('createMaskingSessions', { body }, options);
  }

  get(id: string, options?: RequestOptions): Promise<MaskingSession> {
    return this.#caller.request('getMaskingSession', { path: { id } }, options);
  }

  /** Newest first. */
  list(filter: Query<'listMaskingSessions'> = {}, options?: RequestOptions): Items<MaskingSession> {
    return this.#caller.each('listMaskingSessions', { query: filter }, options);
  }

  /** As `list`, and also by somebody's number, which then stands in no URL. */
  search(filter: Body<'searchMaskingSessions'>, options?: RequestOptions): Items<MaskingSession> {
    return this.#caller.each('searchMaskingSessions', { body: filter }, options, 'body');
  }

  /** Other rules, other metadata, more time. `null` takes a rule away. */
  change(id: string, change: SessionChange, options?: RequestOptions): Promise<MaskingSession> {
    return this.#caller.request('changeMaskingSession', { path: { id }, body: change }, options);
  }

  changeParty(
    id: string,
    partyId: string,
    change: PartyChange,
    options?: RequestOptions,
  ): Promise<MaskingSession> {
    return this.#caller.request('changeMaskingParty', { path: { id, partyId }, body: change }, options);
  }

  /** New calls find it closed; calls that are up go on. */
  close(id: string, options?: RequestOptions): Promise<MaskingSession> {
    return this.#caller.request('closeMaskingSession', { path: { id } }, options);
  }

  /** Up to 1000, each for itself. */
  closeMany(ids: readonly string[], options?: RequestOptions): Promise<BulkOutcome> {
    return this.#caller.request('closeMaskingSessions', { body: { ids } }, options);
  }

  /** Closes it and forgets its people. */
  delete(id: string, options?: RequestOptions): Promise<undefined> {
    return this.#caller.request('deleteMaskingSession', { path: { id } }, options);
  }
}

/** `maskline.blocks`: who shall not reach whom. */
export class Blocks {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  add(block: NewBlock, options?: RequestOptions): Promise<Block> {
    return this.#caller.request('addBlock', { body: block }, options);
  }

  list(filter: Query<'listBlocks'> = {}, options?: RequestOptions): Items<Block> {
    return this.#caller.each('listBlocks', { query: filter }, options);
  }

  remove(id: string, options?: RequestOptions): Promise<undefined> {
    return this.#caller.request('removeBlock', { path: { id } }, options);
  }
}

/** `maskline.numbers`: service numbers and their pools. */
export class Numbers {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  list(filter: Query<'listNumbers'> = {}, options?: RequestOptions): Items<ServiceNumber> {
    return this.#caller.each('listNumbers', { query: filter }, options);
  }

  /** Its pool, region, tags; or `status: 'quarantined'`, so that no new session gets it. */
  change(id: string, change: Body<'changeNumber'>, options?: RequestOptions): Promise<ServiceNumber> {
    return this.#caller.request('changeNumber', { path: { id }, body: change }, options);
  }

  pools(whose: Whose = {}, options?: RequestOptions): Items<NumberPool> {
    return this.#caller.each('listNumberPools', { query: whose }, options);
  }

  /** Makes a pool, or changes its rules. */
  putPool(
    name: string,
    rules: Body<'putNumberPool'>,
    whose: Whose = {},
    options?: RequestOptions,
  ): Promise<NumberPool> {
    return this.#caller.request('putNumberPool', { path: { name }, query: whose, body: rules }, options);
  }

  /** Its numbers go back to the pool `default`. */
  deletePool(name: string, whose: Whose = {}, options?: RequestOptions): Promise<undefined> {
    return this.#caller.request('deleteNumberPool', { path: { name }, query: whose }, options);
  }

  /** How many numbers orders need. */
  plan(orders: Body<'planNumbers'>, options?: RequestOptions): Promise<NumberPlan> {
    return this.#caller.request('planNumbers', { body: orders }, options);
  }
}

/** `maskline.policy`: how calls are resolved. */
export class Policy {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get(whose: Whose = {}, options?: RequestOptions): Promise<RoutingPolicy> {
    return this.#caller.request('getRoutingPolicy', { query: whose }, options);
  }

  /** Replaces all of it: what is left out is as the defaults are. */
  set(policy: RoutingPolicy, whose: Whose = {}, options?: RequestOptions): Promise<RoutingPolicy> {
    return this.#caller.request('putRoutingPolicy', { query: whose, body: policy }, options);
  }

  /** With what the questions to your backend are signed, for `verifySigned`. The current one first. */
  async secrets(whose: Whose = {}, options?: RequestOptions): Promise<readonly string[]> {
    return (await this.#caller.request('getBackendSecrets', { query: whose }, options)).secrets;
  }

  /** A new secret; the old one signs for another day. */
  async rotateSecret(whose: Whose = {}, options?: RequestOptions): Promise<string> {
    return (await this.#caller.request('rotateBackendSecret', { query: whose }, options)).secret;
  }

  /** What would become of a call, step by step. Nobody is called. */
  explain(call: Body<'explain'>, options?: RequestOptions): Promise<Explanation> {
    return this.#caller.request('explain', { body: call }, options);
  }
}
