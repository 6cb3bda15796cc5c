import { expect, it } from 'vitest';
import { eventIdOf } from './event-id.ts';

it('the same parts give the same id, other parts another, and an id looks like any other', () => {
  const id = eventIdOf('call.started', 'leg-1');
  expect(id).toMatch(/^evt_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(eventIdOf('call.started', 'leg-1')).toBe(id);
  expect(new Set([id, eventIdOf('call.started', 'leg-2'), eventIdOf('call.startedleg-1')]).size).toBe(3);
});
