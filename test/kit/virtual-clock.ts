/** Users have it too: their scenarios are tested on it. */
export { settle, VirtualClock } from '../../src/kernel/virtual-clock.ts';
