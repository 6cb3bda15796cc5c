import { generateKeyPairSync, sign } from 'node:crypto';
import type { Scope } from '../../http/ports.ts';
import type { PlatformWorld } from './platform-world.ts';

export interface TestAccount {
  readonly keyId: string;
  readonly privateKey: string;
  /** A token with these claims; without any, a good one of a minute. */
  token(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
}

/** 60 ms for a key of 2048 bits. */
export async function serviceAccount(
  { world, account }: Pick<PlatformWorld, 'world' | 'account'>,
  scopes: readonly Scope[],
): Promise<TestAccount> {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const key = await world.storage.apiKeys.createServiceAccount({
    name: 'tool',
    scopes,
    applicationId: undefined,
    publicKey: pair.publicKey,
  });
  return {
    keyId: key.id,
    privateKey: pair.privateKey,
    token: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const head = encode({ alg: 'RS256', typ: 'JWT', kid: key.id, ...header });
      const signed = `${head}.${encode({ iss: account.id, iat: now, exp: now + 64, ...claims })}`;
      return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), pair.privateKey).toString('base64url')}`;
    },
  };
}
