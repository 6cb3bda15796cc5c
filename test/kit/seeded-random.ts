/** Users have it too: their scenarios are tested with it. */
export { seededRandom } from '../../src/kernel/seeded-random.ts';
