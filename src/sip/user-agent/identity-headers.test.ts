import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import { cleanDisplayName, identityHeaders } from './identity-headers.ts';
import { trunk } from './test-support/settings.ts';

const number = PhoneNumber.parse('+74951234567');
const shown = { kind: 'number', number, displayName: 'Taxi' } as const;

describe('who calls, as an INVITE says it', () => {
  test('[row 29] a service number: From alone, no P-Asserted-Identity unless the carrier wants it', () => {
    const headers = identityHeaders(shown, 'carrier.example');
    expect(formatNameAddr(headers.from)).toBe('"Taxi" <sip:+74951234567@carrier.example>');
    expect(headers.fields).toEqual([]);
  });

  test('[RFC 3325 §9.1] [row 29] P-Asserted-Identity is the shown number once more, in the same spelling', () => {
    const headers = identityHeaders(
      { ...shown, displayName: '' },
      'carrier.example',
      trunk({ numberFormat: 'e164-without-plus', assertIdentity: true }),
    );
    expect(formatNameAddr(headers.from)).toBe('<sip:74951234567@carrier.example>');
    expect(headers.fields).toEqual([['P-Asserted-Identity', '<sip:74951234567@carrier.example>']]);
  });

  test('[row 29] [RFC 3323 §4.1.1.3] anonymous: no number anywhere, Privacy: id, also where identity is asserted', () => {
    for (const callerIdIn of ['from', 'p-asserted-identity', 'remote-party-id'] as const) {
      const style = trunk({ assertIdentity: true, callerIdIn, fromUser: 'account' });
      const headers = identityHeaders({ kind: 'anonymous' }, 'carrier.example', style);
      expect(formatNameAddr(headers.from)).toBe('"Anonymous" <sip:anonymous@anonymous.invalid>');
      expect(headers.fields).toEqual([['Privacy', 'id']]);
    }
  });

  const SHOWN = '<sip:+74951234567@c.example>';
  const account = { username: 'acc-17', password: 'p' };
  test.each([
    ['from', {}, SHOWN, []],
    ['from', { outboundAuth: account }, SHOWN, []],
    ['p-asserted-identity', {}, SHOWN, [['P-Asserted-Identity', SHOWN]]],
    ['p-asserted-identity', { fromUser: 'fixed' }, '<sip:fixed@c.example>', [['P-Asserted-Identity', SHOWN]]],
    [
      'p-asserted-identity',
      { outboundAuth: account },
      '<sip:acc-17@c.example>',
      [['P-Asserted-Identity', SHOWN]],
    ],
    [
      'remote-party-id',
      { fromUser: 'fixed', assertIdentity: true },
      '<sip:fixed@c.example>',
      [
        ['P-Asserted-Identity', SHOWN],
        ['Remote-Party-ID', `${SHOWN};party=calling;screen=yes;privacy=off`],
      ],
    ],
  ] as const)('[row 29] the shown number in %s with %j: From is %s', (callerIdIn, changes, from, fields) => {
    const style = trunk({ callerIdIn, ...changes });
    const headers = identityHeaders({ ...shown, displayName: '' }, 'c.example', style);
    expect(formatNameAddr(headers.from)).toBe(from);
    expect(headers.fields).toEqual(fields);
  });

  test('[RFC 3261 §19.1.1] user=phone stands at numbers and not at the name of an account', () => {
    const style = trunk({ userPhone: true, callerIdIn: 'p-asserted-identity', fromUser: 'acc' });
    const headers = identityHeaders({ ...shown, displayName: '' }, 'c.example', style);
    expect(formatNameAddr(headers.from)).toBe('<sip:acc@c.example>');
    expect(headers.fields).toEqual([['P-Asserted-Identity', '<sip:+74951234567@c.example;user=phone>']]);
  });

  test('[row 20] a display name cannot leave its line or its quotes', () => {
    const headers = identityHeaders({ ...shown, displayName: 'Taxi"\r\nX-Evil: 1\0\\' }, 'c.example');
    expect(formatNameAddr(headers.from)).toBe('"Taxi\\" X-Evil: 1 \\\\" <sip:+74951234567@c.example>');
    expect(cleanDisplayName(`${'ы'.repeat(100)}`)).toHaveLength(64);
    expect(cleanDisplayName(' a\u202Eb\u2028c ')).toBe('a b c');
  });
});
