import { describe, expect, it } from 'vitest';
import { systemRandom } from '../kernel/random.ts';
import { newSecret, sign, verify } from './sign.ts';

/** From the documentation of Svix, whose scheme became Standard Webhooks (docs.svix.com/receiving/verifying-payloads/how-manual). */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: 1_614_265_330_000,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

describe('signatures of webhooks', () => {
  it('are those of the known vector', () => {
    expect(sign(VECTOR, [VECTOR.secret])).toEqual({
      'webhook-id': VECTOR.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': VECTOR.signature,
    });
  });

  it('hold for what was signed, with any of the secrets, and for nothing else', () => {
    const [old, current, stranger] = [1, 2, 3].map(() => newSecret(systemRandom)) as [string, string, string];
    const message = { id: 'evt_1', at: 1_700_000_000_000, body: '{"a":1}' };
    const headers = sign(message, [current, old]);
    expect(verify(headers, message.body, [current], message.at)).toBe(true);
    expect(verify(headers, message.body, [old], message.at)).toBe(true);
    expect(verify(headers, message.body, [stranger], message.at)).toBe(false);
    expect(verify(headers, message.body, [], message.at)).toBe(false);
    expect(verify(headers, '{"a":2}', [current], message.at)).toBe(false);
    expect(verify({ ...headers, 'webhook-id': 'evt_2' }, message.body, [current], message.at)).toBe(false);
    expect(
      verify({ ...headers, 'webhook-timestamp': '1700000001' }, message.body, [current], message.at),
    ).toBe(false);
  });

  it('are too old after five minutes, and too new before', () => {
    const secret = newSecret(systemRandom);
    const message = { id: 'evt_1', at: 1_700_000_000_000, body: '' };
    const headers = sign(message, [secret]);
    const at = (seconds: number) => verify(headers, '', [secret], message.at + seconds * 1000);
    expect([-301, -300, 300, 301].map(at)).toEqual([false, true, true, false]);
  });

  it.each([
    [{}],
    [{ 'webhook-id': 'a', 'webhook-timestamp': 'soon', 'webhook-signature': 'v1,AAAA' }],
    [
      {
        'webhook-id': 'a',
        'webhook-timestamp': '1700000000',
        'webhook-signature': 'v2,AAAA nonsense v1, v1',
      },
    ],
    [{ 'webhook-id': ['a', 'b'], 'webhook-timestamp': '1700000000', 'webhook-signature': 'v1,AAAA' }],
  ])('nonsense is no signature: %j', (headers) => {
    expect(verify(headers, '', ['whsec_AAAA'], 1_700_000_000_000)).toBe(false);
  });

  it('secrets are 32 bytes that nobody has had before', () => {
    const secrets = [newSecret(systemRandom), newSecret(systemRandom)];
    expect(secrets.every((secret) => /^whsec_[A-Za-z0-9+/]{43}=$/.test(secret))).toBe(true);
    expect(secrets[0]).not.toBe(secrets[1]);
  });
});
