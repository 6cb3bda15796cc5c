/** Erases a person, at once as far as that goes, and the rest when calls have ended and files are deleted. */
import type { ErasureStore, Erasures } from './ports.ts';

/** A guard against going round for ever: with fifty calls a step, a quarter of a million calls of one person. */
const MOST_STEPS = 5_000;

export function erasuresOf(store: ErasureStore, deleteFiles: () => Promise<unknown>): Erasures {
  return {
    erase: async (request) => {
      const begun = await store.begin(request);
      await eraseNow(store, begun.id);
      await deleteFiles();
      await store.step(begun.id);
      return (await store.get(begun.id, undefined)) ?? begun;
    },
    get: async (id, applicationId) => await store.get(id, applicationId),
  };
}

/** Goes on until nothing more can be done now. */
export async function eraseNow(store: Pick<ErasureStore, 'step'>, id: string): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step++) if ((await store.step(id)) !== 'more') return;
}
