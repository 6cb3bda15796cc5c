import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { UasSession } from '../dialog/types.ts';
import { incomingCall, partiesOf } from './incoming-call.ts';
import { requestOf } from './test-support/messages.ts';
import { account, trunk } from './test-support/settings.ts';
import type { IncomingCall, Peer } from './types.ts';

const carrier: Peer = { kind: 'trunk', trunk: trunk({ country: 'RU' }) };

interface Wire {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fields?: readonly string[];
}

function read(wire: Wire, peer: Peer = carrier): IncomingCall {
  const request = requestOf([
    `INVITE ${wire.uri ?? 'sip:+74951234567@192.0.2.1'} SIP/2.0`,
    'Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1',
    `From: ${wire.from ?? '<sip:+79121234567@198.51.100.1>'};tag=1`,
    `To: ${wire.to ?? '<sip:+74951234567@192.0.2.1>'}`,
    'Call-ID: 1',
    'CSeq: 1 INVITE',
    ...(wire.fields ?? []),
  ]);
  // Nothing below looks into the session.
  const session = { id: 'session' } as unknown as UasSession;
  const parties = partiesOf(request, { peer, isOwnContact: (user) => user === 'token' });
  return incomingCall(request, { session, peer, domain: 'maskline.test', parties });
}

const digits = (number: PhoneNumber): string => number.reveal('leak-scan');

describe('a call that comes in, as values', () => {
  test.each([
    ['sip:+74951234567@192.0.2.1', '+74951234567'],
    ['sip:84951234567@192.0.2.1', '+74951234567'],
    ['sip:74951234567@192.0.2.1;user=phone', '+74951234567'],
    ['sip:%2B7495%3123-45-67@192.0.2.1', '+74951234567'],
    ['sip:+7(495)123-45-67@192.0.2.1', '+74951234567'],
    ['sip:1234567;phone-context=+7495@192.0.2.1;user=phone', '+74951234567'],
    ['sip:+74951234567;npdi;rn=+79@192.0.2.1;user=phone', '+74951234567'],
    ['tel:+7-495-123-45-67', '+74951234567'],
    ['tel:123-45-67;phone-context=+7495', '+74951234567'],
    ['tel:8(495)1234567;phone-context=carrier.example', '+74951234567'],
    ['sip:0074951234567@192.0.2.1', '+74951234567'],
    ['sip:1001@192.0.2.1', '1001'],
    ['sip:queue;x=1@192.0.2.1', 'queue;x=1'],
  ])('[RFC 3966 §5.1.1] [RFC 3966 §5.1.5] [row 24] the dialled number of %s', (uri, number) => {
    expect(digits(read({ uri }).dialled)).toBe(number);
  });

  test('a provider that sends our own Contact has the number in To', () => {
    for (const uri of ['sip:token@192.0.2.1', 'sip:maskline@192.0.2.1', 'sip:192.0.2.1']) {
      expect(digits(read({ uri, to: '<tel:8-495-123-45-67>' }).dialled)).toBe('+74951234567');
    }
  });

  test.each([
    ['From', '<sip:+79121234567@x>', [], '+79121234567'],
    ['a tel: From', '<tel:8-912-123-45-67>', [], '+79121234567'],
    ['the asserted identity', '<sip:1@x>', ['P-Asserted-Identity: <tel:+79121234567>'], '+79121234567'],
    [
      'the asserted number beside a name',
      '<sip:1@x>',
      ['P-Asserted-Identity: "A" <sip:a@x>, <tel:+79121234567>'],
      '+79121234567',
    ],
    [
      'From, when the assertion is broken',
      '<sip:+79121234567@x>',
      ['P-Asserted-Identity: <sip:'],
      '+79121234567',
    ],
    [
      'the assertion behind an anonymous From',
      '"Anonymous" <sip:anonymous@anonymous.invalid>',
      ['P-Asserted-Identity: <sip:89121234567@x>'],
      '+79121234567',
    ],
  ])('[row 24] the caller of a trunk is %s', (_, from, fields, number) => {
    expect(digits(read({ from, fields }).caller)).toBe(number);
  });

  test('a phone is its account, whatever it says of itself', () => {
    const wire = {
      from: '"Boss" <sip:+79990000000@x>',
      fields: ['P-Asserted-Identity: <sip:+79990000000@x>'],
    };
    const named = read(wire, { kind: 'user', user: account('bob', 'p') });
    expect(digits(named.caller)).toBe('bob');
    expect(named.fromUri).toBe('sip:bob@maskline.test');
    const numbered = account('bob', 'p', { number: PhoneNumber.parse('+79121234567') });
    expect(digits(read(wire, { kind: 'user', user: numbered }).caller)).toBe('+79121234567');
  });

  test.each([
    ['Privacy: id', ['Privacy: id']],
    ['a list', ['Privacy: critical;ID']],
    ['the second field', ['Privacy: none', 'Privacy: user']],
    ['header', ['Privacy: header']],
  ])('[row 29] the wish not to be shown is heard: %s', (_, fields) => {
    const call = read({ from: '"Ann" <sip:+79121234567@x>', fields });
    expect(call.callerIsPrivate).toBe(true);
    expect(call.displayName).toBe('');
    expect(call.fromUri).toBe('sip:anonymous@anonymous.invalid');
    // Routing still needs to know who it is.
    expect(digits(call.caller)).toBe('+79121234567');
  });

  test('[RFC 3323 §4.1.1.3] an anonymous From is such a wish as well; an ordinary one is not', () => {
    expect(read({ from: '<sip:anonymous@anonymous.invalid>' }).callerIsPrivate).toBe(true);
    expect(read({ from: '<sip:x@anonymous.invalid>' }).callerIsPrivate).toBe(true);
    expect(read({}).callerIsPrivate).toBe(false);
    expect(read({ fields: ['Privacy: none'] }).callerIsPrivate).toBe(false);
  });

  test('only X- fields reach the script, within bounds', () => {
    const fields = [
      'X-Order: 42',
      'x-lang: ru',
      'User-Agent: spy',
      'P-Charging-Vector: icid-value=1',
      `X-Long: ${'a'.repeat(2000)}`,
      ...Array.from({ length: 50 }, (_, i) => `X-N${i}: ${i}`),
    ];
    const { headers } = read({ fields });
    expect(headers).toHaveLength(32);
    expect(headers.slice(0, 3)).toEqual([
      ['X-Order', '42'],
      ['x-lang', 'ru'],
      ['X-N0', '0'],
    ]);
  });

  test('[row 44] Max-Forwards is handed on; without one it is 70', () => {
    expect(read({ fields: ['Max-Forwards: 9'] }).maxForwards).toBe(9);
    expect(read({}).maxForwards).toBe(70);
  });

  test('nothing prints a number', () => {
    const { session: _, peer: __, fromUri: ___, toUri: ____, ...values } = read({});
    expect(JSON.stringify(values)).not.toMatch(/\d{5}/);
  });

  test.each([
    [['p-asserted-identity', 'from'], '+79990000002'],
    [['remote-party-id', 'from'], '+79990000003'],
    [['from'], '+79990000001'],
    [['p-asserted-identity', 'remote-party-id', 'from'], '+79990000002'],
  ] as const)('[row 29] the caller of a trunk that is trusted for %j is %s', (trustCallerIn, number) => {
    const fields = [
      'P-Asserted-Identity: <sip:+79990000002@x>',
      'Remote-Party-ID: "B" <sip:89990000003@x>;party=calling;privacy=off',
      'Diversion: <sip:+79990000004@x>',
      'P-Preferred-Identity: <sip:+79990000005@x>',
    ];
    const peer: Peer = { kind: 'trunk', trunk: trunk({ country: 'RU', trustCallerIn }) };
    expect(digits(read({ from: '<sip:89990000001@x>', fields }, peer).caller)).toBe(number);
  });

  test('[row 29] a trunk trusted for one field alone, and that field is not there: nobody is named', () => {
    const peer: Peer = { kind: 'trunk', trunk: trunk({ trustCallerIn: ['p-asserted-identity'] }) };
    const fields = ['P-Asserted-Identity: <sip:'];
    expect(digits(read({ from: '<sip:+79990000001@x>', fields }, peer).caller)).toBe('anonymous');
  });

  test('[row 29] Remote-Party-ID with privacy=full is a wish to be hidden', () => {
    const fields = ['Remote-Party-ID: <sip:+79990000003@x>;party=calling;screen=yes;privacy=full'];
    expect(read({ fields }).callerIsPrivate).toBe(true);
    expect(read({ fields: [fields[0]!.replace('full', 'off')] }).callerIsPrivate).toBe(false);
  });
});
