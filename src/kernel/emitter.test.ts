import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';

test('listeners run in order; one that throws does not stop the others', () => {
  const errors: unknown[] = [];
  const emitter = new Emitter<{ a: number }>((error) => errors.push(error));
  const seen: string[] = [];
  emitter.on('a', (n) => seen.push(`1:${n}`));
  emitter.on('a', () => {
    throw new Error('boom');
  });
  const off = emitter.on('a', (n) => seen.push(`3:${n}`));
  emitter.emit('a', 7);
  off();
  emitter.emit('a', 8);
  expect(seen).toEqual(['1:7', '3:7', '1:8']);
  expect(errors).toHaveLength(2);
  expect(emitter.listenerCount('a')).toBe(2);
});

test('a listener added while an event runs hears the next one', () => {
  const emitter = new Emitter<{ a: object }>();
  let heard = 0;
  emitter.on('a', () => {
    emitter.on('a', () => {
      heard++;
    });
  });
  emitter.emit('a', {});
  expect(heard).toBe(0);
});
