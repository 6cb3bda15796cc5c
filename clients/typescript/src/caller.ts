/** What the parts of the client ask the node with. */
import { eachItem, type PageOf } from './pages.ts';
import type { Answer, Input, OperationName, RequestOptions, Transport } from './transport.ts';

/** Operations whose answer is a list, in pages or whole. */
export type ListName = {
  [Name in OperationName]: Answer<Name> extends PageOf<unknown> ? Name : never;
}[OperationName];

export type ItemOf<Name extends ListName> =
  Answer<Name> extends { readonly items: ReadonlyArray<infer Item> } ? Item : never;

/** Items one after the other, page after page: `for await (const item of …)`. */
export type Items<Item> = AsyncGenerator<Item, undefined, undefined>;

export class Caller {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  request<Name extends OperationName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
  ): Promise<Answer<Name>> {
    return this.transport.request(name, input, options);
  }

  /** @param place where the cursor goes: searches have it in the body, as no number may stand in a URL. */
  each<Name extends ListName>(
    name: Name,
    input: Input<Name>,
    options: RequestOptions = {},
    place: 'query' | 'body' = 'query',
  ): Items<ItemOf<Name>> {
    const given = input as { readonly query?: object; readonly body?: object };
    return eachItem<ItemOf<Name>>(async (cursor) => {
      const asked = cursor === undefined ? input : { ...input, [place]: { ...given[place], cursor } };
      const page = await this.request(name, asked as Input<Name>, options);
      return page as unknown as PageOf<ItemOf<Name>>;
    });
  }
}
