import { eachItem, type PageOf } from './pages.ts';
import {
  type Answer,
  type Input,
  type MasklineOptions,
  type OperationName,
  type RequestOptions,
  Transport,
} from './transport.ts';

/** Operations whose answer is a list with cursors. */
export type ListName = {
  [Name in OperationName]: Answer<Name> extends PageOf<unknown> ? Name : never;
}[OperationName];

export type ItemOf<Name extends ListName> =
  Answer<Name> extends { readonly items: ReadonlyArray<infer Item> } ? Item : never;

/**
 * A Maskline node, or several behind one URL. Every method rejects with a `MasklineProblem` when the node refuses, and with
 * a `MasklineUnreachable` when there is no answer; what may be sent again is, before that.
 */
export class Maskline {
  readonly #transport: Transport;

  constructor(options: MasklineOptions) {
    this.#transport = new Transport(options);
  }

  /** Any operation of the API, by its name in docs/reference/http.md. */
  request<Name extends OperationName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): Promise<Answer<Name>> {
    return this.#transport.request(name, input, options);
  }

  /** Every item of a list, page after page. */
  each<Name extends ListName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): AsyncGenerator<ItemOf<Name>, undefined, undefined> {
    const { query } = input as { readonly query?: object };
    return eachItem<ItemOf<Name>>(async (cursor) => {
      const asked = { ...input, query: { ...query, ...(cursor === undefined ? {} : { cursor }) } };
      return (await this.request(name, asked as Input<Name>, options)) as unknown as PageOf<ItemOf<Name>>;
    });
  }
}
