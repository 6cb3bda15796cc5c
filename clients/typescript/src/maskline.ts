import { Caller, type ItemOf, type Items, type ListName } from './caller.ts';
import { Events, Webhooks } from './events.ts';
import { Blocks, Numbers, Policy, Sessions } from './masking.ts';
import { Privacy } from './privacy.ts';
import {
  type Answer,
  type Input,
  type MasklineOptions,
  type OperationName,
  type RequestOptions,
  Transport,
} from './transport.ts';

/**
 * A Maskline node, or several behind one URL. Every method rejects with a `MasklineProblem` when the node refuses, and with
 * a `MasklineUnreachable` when there is no answer; what may be sent again is, before that.
 */
export class Maskline {
  readonly sessions: Sessions;
  readonly blocks: Blocks;
  readonly numbers: Numbers;
  readonly policy: Policy;
  readonly events: Events;
  readonly webhooks: Webhooks;
  readonly privacy: Privacy;
  readonly #caller: Caller;

  constructor(options: MasklineOptions) {
    this.#caller = new Caller(new Transport(options));
    this.sessions = new Sessions(this.#caller);
    this.blocks = new Blocks(this.#caller);
    this.numbers = new Numbers(this.#caller);
    this.policy = new Policy(this.#caller);
    this.events = new Events(this.#caller);
    this.webhooks = new Webhooks(this.#caller);
    this.privacy = new Privacy(this.#caller);
  }

  /** Any operation of the API, by its `operationId` in the OpenAPI document. */
  request<Name extends OperationName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): Promise<Answer<Name>> {
    return this.#caller.request(name, input, options);
  }

  /** Every item of any list, page after page. */
  each<Name extends ListName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): Items<ItemOf<Name>> {
    return this.#caller.each(name, input, options);
  }
}
