import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** The one account of the installation. */
export interface Account {
  readonly id: number;
  readonly email: string;
}

/** As the vendor's client libraries read it (voximplant.com/docs/guides/managementapi/jwt). */
export interface Credentials {
  readonly account_email: string;
  readonly account_id: number;
  readonly key_id: string;
  /** PKCS #8, PEM. */
  readonly private_key: string;
}

/** An RSA key of 2048 bits. It is made where it is used: the node sees the public half only. */
export async function makeKeyPair(): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  return await promisify(generateKeyPair)('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

export function credentialsOf(keyId: string, account: Account, privateKey: string): Credentials {
  return {
    account_email: account.email,
    account_id: account.id,
    key_id: keyId,
    private_key: privateKey,
  };
}
