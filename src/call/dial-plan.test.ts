import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { isMaskedIdentity } from '../masking/masked-identity.ts';
import type { OutboundInvite } from '../sip/user-agent/types.ts';
import { planDial } from './dial-plan.ts';
import { outboundInvite } from './outbound-invite.ts';
import { FakeDirectory, SERVICE_NUMBER, VERIFIED_NUMBER } from './test-support/fake-directory.ts';
import type { DialRequest, DialTarget } from './types.ts';

const directory = new FakeDirectory();
const CALLER = '+79031112233';

function request(overrides: Partial<DialRequest> = {}): DialRequest {
  return {
    applicationId: 'taxi',
    target: { kind: 'pstn', number: '+79057654321' },
    callerid: SERVICE_NUMBER,
    displayName: '',
    headers: {},
    maxForwards: 67,
    ...overrides,
  };
}

function inviteOf(overrides: Partial<DialRequest>): OutboundInvite {
  const { outcome } = planDial(request(overrides), directory, 'RU');
  if (outcome.kind !== 'invite') throw new Error(`refused with ${outcome.cause.code}`);
  return outcome.invite;
}

function codeOf(overrides: Partial<DialRequest>): number {
  const { outcome } = planDial(request(overrides), directory, 'RU');
  return outcome.kind === 'invite' ? 0 : outcome.cause.code;
}

const user: DialTarget = { kind: 'user', username: 'driver' };
const uri: DialTarget = { kind: 'sip', uri: 'sip:desk@pbx.example' };

describe('who is shown', () => {
  it.each([SERVICE_NUMBER, VERIFIED_NUMBER, '8 (495) 000-00-01', '74950000001'])(
    '[row 29] %s may be',
    (callerid) => {
      const { identity } = inviteOf({ callerid });
      expect(identity.kind === 'number' && isMaskedIdentity(identity)).toBe(true);
    },
  );

  it.each([CALLER, 'Taxi', '', 'driver', 'anonymous'])(
    '[row 29] %j may not be shown to the phone network',
    (callerid) => {
      expect(codeOf({ callerid })).toBe(403);
    },
  );

  it('[row 29] not even its own number, for another application', () => {
    expect(codeOf({ applicationId: 'courier' })).toBe(403);
  });

  it.each([user, uri])('[row 29] accounts and addresses see held numbers or nobody', (target) => {
    expect(inviteOf({ target }).identity.kind).toBe('number');
    expect(inviteOf({ target, callerid: '' }).identity.kind).toBe('anonymous');
    expect(inviteOf({ target, callerid: 'driver' }).identity.kind).toBe('anonymous');
    expect(codeOf({ target, callerid: CALLER })).toBe(403);
    expect(codeOf({ target, callerid: 'any text' })).toBe(403);
  });

  it('[row 29] a display name that is a number is left out; others are kept to one short line', () => {
    const numbered = planDial(request({ displayName: 'Ann 8 (903) 111-22-33' }), directory, 'RU');
    expect(numbered.dropped).toHaveLength(1);
    expect(numbered.dropped[0]).not.toContain('903');
    expect(numbered.outcome).toMatchObject({ invite: { identity: { displayName: '' } } });
    expect(inviteOf({ displayName: ' Taxi 24\r\nFrom: x ' }).identity).toMatchObject({
      displayName: 'Taxi 24 From: x',
    });
  });

  it('[row 29] an identity that was cast, not made, is not sent', () => {
    const forged = { kind: 'number', number: PhoneNumber.parse(CALLER), displayName: '' };
    const target = { kind: 'user', username: 'driver' } as const;
    expect(() => outboundInvite({ identity: forged as never, target, headers: {}, maxForwards: 70 })).toThrow(
      TypeError,
    );
  });

  it('[row 29] nothing but a held number is ever shown, whatever the script says', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(CALLER, SERVICE_NUMBER, VERIFIED_NUMBER, 'driver', ''),
      fc.stringMatching(/^[+0-9 ().-]{0,16}$/),
    );
    const target = fc.oneof(
      fc.record({ kind: fc.constant('pstn' as const), number: text }),
      fc.record({ kind: fc.constant('user' as const), username: text }),
      fc.record({ kind: fc.constant('sip' as const), uri: text.map((part) => `sip:${part}`) }),
    );
    const headers = fc.dictionary(
      fc.oneof(
        text,
        text.map((part) => `X-${part}`),
      ),
      text,
    );
    const any = fc.record({ target, callerid: text, displayName: text, headers, maxForwards: fc.integer() });
    fc.assert(
      fc.property(any, (overrides) => {
        const { outcome } = planDial(request(overrides), directory, 'RU');
        if (outcome.kind === 'refused') {
          expect(outcome.cause.code).toBeGreaterThanOrEqual(400);
          return;
        }
        const { identity, headers: passed, maxForwards } = outcome.invite;
        expect(maxForwards).toBeGreaterThan(0);
        if (identity.kind === 'number') {
          expect([SERVICE_NUMBER, VERIFIED_NUMBER]).toContain(identity.number.reveal('leak-scan'));
          expect(identity.displayName).not.toMatch(/\d{7}|[\r\n\0]/);
        }
        for (const [name, value] of passed) {
          expect(name).toMatch(/^X-[\x21-\x7e]+$/i);
          expect(value).not.toMatch(/[\r\n\0]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('who is called', () => {
  it('numbers in every spelling come to E.164', () => {
    for (const number of ['+79057654321', '8 (905) 765-43-21', '79057654321']) {
      const { target } = inviteOf({ target: { kind: 'pstn', number } });
      expect(target.kind === 'trunk' && target.number.reveal('leak-scan')).toBe('+79057654321');
    }
  });

  it('short numbers of a PBX pass as they are', () => {
    const { target } = inviteOf({ target: { kind: 'pstn', number: '1001' } });
    expect(target.kind === 'trunk' && target.number.reveal('leak-scan')).toBe('1001');
  });

  it.each([
    ['', 484],
    ['+', 484],
    ['12', 484],
    ['passenger', 404],
    ['+7905;phone-context=x', 404],
    ['123456789012345678', 404],
  ])('the number %j gets %d', (number, code) => {
    expect(codeOf({ target: { kind: 'pstn', number } })).toBe(code);
  });

  it('an account must be of the same application', () => {
    expect(codeOf({ target: { kind: 'user', username: 'courier' } })).toBe(404);
    expect(codeOf({ target: user })).toBe(0);
  });

  it.each([
    'desk@pbx.example',
    'sip:',
    'tel:+79057654321',
    'sip:a@b c',
    'sip:a@b?P-Asserted-Identity=%2B79031112233',
    `sip:${'a'.repeat(300)}@b`,
  ])('the address %j gets 404', (bad) => {
    expect(codeOf({ target: { kind: 'sip', uri: bad } })).toBe(404);
  });

  it('credentials for an address go along and do not show', () => {
    const auth = { username: 'u', password: 'p' };
    const { target } = inviteOf({ target: { ...uri, auth } });
    expect(target).toEqual({ kind: 'uri', uri: 'sip:desk@pbx.example', auth });
  });

  it('[row 20] a name with a line break in it is refused before anybody asks for it', () => {
    const auth = { username: 'u\r\nVia: x', password: 'p\r\n' };
    expect(codeOf({ target: { ...uri, auth } })).toBe(401);
  });

  it('[row 44] the hops are counted across the legs', () => {
    expect(inviteOf({ maxForwards: 1 }).maxForwards).toBe(1);
    expect(codeOf({ maxForwards: 0 })).toBe(483);
  });

  it('[row 43] a plan does not print its numbers', () => {
    const plan = planDial(request(), directory, 'RU');
    expect(inspect(plan.outcome, { depth: 9 })).not.toContain('9057654321');
  });
});

describe('a number that no script has seen', () => {
  const called = PhoneNumber.parse('+79057654321');
  const shown = PhoneNumber.parse(SERVICE_NUMBER);

  it('[row 29] is dialled as it is, shows a service number, and prints itself nowhere', () => {
    const masked = {
      target: { kind: 'number', number: called },
      callerid: shown,
      maskingSessionId: 'ms_1',
    } as const;
    const { target, identity } = inviteOf(masked);
    expect(target.kind === 'trunk' && target.number.equals(called)).toBe(true);
    expect(identity.kind === 'number' && identity.number.equals(shown)).toBe(true);
    const { facts } = planDial(request(masked), directory, 'RU');
    expect(facts.number.equals(called)).toBe(true);
    expect(facts.maskingSessionId).toBe('ms_1');
    expect(inspect({ ...facts, number: undefined })).not.toContain('9057654321');
  });

  it('[row 29] is not called with a number that the application may not show, nor from nobody', () => {
    const target = { kind: 'number', number: called } as const;
    expect(codeOf({ target, callerid: PhoneNumber.parse(CALLER) })).toBe(403);
    expect(codeOf({ target, callerid: '' })).toBe(403);
    expect(codeOf({ target, callerid: 'driver' })).toBe(403);
  });

  it('is none when the caller had withheld it', () => {
    expect(codeOf({ target: { kind: 'number', number: PhoneNumber.parse('anonymous') } })).toBe(404);
  });
});
