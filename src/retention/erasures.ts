/** Erases a person, at once as far as that goes, and the rest when calls have ended and files are deleted. */
import { keptOf } from './kept.ts';
import type { Erasure, ErasureReceipt, ErasureStore, Erasures } from './ports.ts';

/** A guard against going round for ever: more than fifty million rows that are read. */
const MOST_STEPS = 100_000;

/**
 * @param most steps before the answer; each is some milliseconds. Whoever waits for an answer over HTTP gets one, and nodes go on
 *   with the rest; the command on a database without a node goes to the end.
 */
export function erasuresOf(
  store: ErasureStore,
  deleteFiles: () => Promise<unknown>,
  most: number = MOST_STEPS,
): Erasures {
  return {
    erase: async (request) => {
      const begun = await store.begin(request);
      let steps = 0;
      await eraseNow(store, begun.id, () => ++steps > most);
      await deleteFiles();
      await store.step(begun.id);
      return receiptOf((await store.get(begun.id, undefined)) ?? begun);
    },
    get: async (id, applicationId) => {
      const erasure = await store.get(id, applicationId);
      return erasure === undefined ? undefined : receiptOf(erasure);
    },
  };
}

function receiptOf({ left, ...erasure }: Erasure): ErasureReceipt {
  return { ...erasure, kept: keptOf(left) };
}

/**
 * Goes on until nothing more can be done now.
 *
 * @param stop asked before each step.
 */
export async function eraseNow(
  store: Pick<ErasureStore, 'step'>,
  id: string,
  stop: () => boolean = () => false,
): Promise<void> {
  for (let step = 0; step < MOST_STEPS && !stop(); step++) if ((await store.step(id)) !== 'more') return;
}
