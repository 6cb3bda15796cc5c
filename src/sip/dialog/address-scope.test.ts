import { expect, it } from 'vitest';
import { reachableFrom } from './address-scope.ts';

it.each([
  ['198.51.100.1', '203.0.113.9', true],
  ['198.51.100.1', '10.1.2.3', false],
  ['198.51.100.1', '172.31.0.1', false],
  ['198.51.100.1', '172.32.0.1', true],
  ['198.51.100.1', '192.168.1.1', false],
  ['198.51.100.1', '100.64.0.1', false],
  ['198.51.100.1', '169.254.1.1', false],
  ['198.51.100.1', '127.0.0.1', false],
  ['10.0.0.1', '192.168.1.1', true],
  ['10.0.0.1', '127.0.0.1', false],
  ['10.0.0.1', '198.51.100.1', true],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '0.0.0.0', false],
  ['198.51.100.1', '224.0.0.1', false],
  ['198.51.100.1', '255.255.255.255', false],
  ['2001:db8::1', '2001:db8::2', true],
  ['2001:db8::1', 'fd00::1', false],
  ['2001:db8::1', 'fe80::1', false],
  ['2001:db8::1', '::1', false],
  ['2001:db8::1', 'ff02::1', false],
])('a peer that sends from %s can be reached at %s: %s', (source, address, expected) => {
  expect(reachableFrom(source, address)).toBe(expected);
});
