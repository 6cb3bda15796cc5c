/** Lists that come in pages, as one sequence. */

export interface PageOf<Item> {
  readonly items: readonly Item[];
  /** Cursor of the next page; absent at the end. */
  readonly next?: string;
}

/** Every item, page after page; the next page is asked for when the one before is used up. */
export async function* eachItem<Item>(
  page: (cursor: string | undefined) => Promise<PageOf<Item>>,
): AsyncGenerator<Item, undefined, undefined> {
  let cursor: string | undefined;
  do {
    const { items, next } = await page(cursor);
    yield* items;
    cursor = next;
  } while (cursor !== undefined);
}
