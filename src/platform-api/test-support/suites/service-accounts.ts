import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Given, withToken } from '../given.ts';
import { serviceAccount } from '../service-account.ts';

export function serviceAccounts(given: Given): void {
  const { codeOf } = given;
  describe('service accounts', () => {
    const ask = async (token: string) =>
      await codeOf({ url: '/platform_api/GetAccountInfo', headers: withToken(token) });
    const now = () => Math.floor(Date.now() / 1_000);

    test('a token that the account signed', async () => {
      expect(await ask(given.tool.token())).toBeUndefined();
      expect(await ask(given.tool.token({ iss: String(given.platform.account.id) }))).toBeUndefined();
      expect(await ask(given.tool.token({ iat: now() + 20, exp: now() + 3_620 }))).toBeUndefined();
      expect(await ask(given.tool.token({ iat: now() - 80, exp: now() - 20 }))).toBeUndefined();
    });

    test('and every other', async () => {
      const [head = '', body = '', signature = ''] = given.tool.token().split('.');
      expect(await ask(`${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`)).toBe(100);
      expect(await ask(`${head}.${body}.`)).toBe(447);
      expect(await ask('a.b.c')).toBe(447);
      expect(await ask(`${'a'.repeat(5_000)}.b.c`)).toBe(447);
      expect(await ask(given.tool.token({}, { alg: 'none' }))).toBe(447);
      expect(await ask(given.tool.token({}, { kid: 'unknown' }))).toBe(433);
      expect(await ask(given.tool.token({}, { kid: 7 }))).toBe(433);
      expect(await ask(given.tool.token({ iss: given.platform.account.id + 1 }))).toBe(100);
      expect(await ask(given.tool.token({ iat: undefined }))).toBe(447);
      expect(await ask(given.tool.token({ iat: now(), exp: now() + 3_601 }))).toBe(454);
      expect(await ask(given.tool.token({ iat: now() + 120, exp: now() + 180 }))).toBe(455);
      expect(await ask(given.tool.token({ iat: now() - 180, exp: now() - 120 }))).toBe(456);
      // The public half as a secret of HS256, RFC 8725 §2.1.
      const found = await given.platform.world.storage.apiKeys.findServiceAccount(given.tool.keyId);
      const forged = Buffer.from(JSON.stringify({ alg: 'HS256', kid: given.tool.keyId })).toString(
        'base64url',
      );
      const mac = createHmac('sha256', found?.publicKey ?? '')
        .update(`${forged}.${body}`)
        .digest('base64url');
      expect(await ask(`${forged}.${body}.${mac}`)).toBe(447);
      const other = await serviceAccount(given.platform, ['calls:read']);
      expect(await ask(other.token({}, { kid: given.tool.keyId }))).toBe(100);
      await given.platform.world.storage.apiKeys.revoke(other.keyId);
      expect(await ask(other.token())).toBe(433);
    });

    test('opens the REST API, recordings among it, by the same scopes', async () => {
      const { app } = given.platform;
      const get = async (token: string, url: string) =>
        (await app.inject({ url, headers: withToken(token) })).statusCode;
      expect(await get(given.tool.token(), '/v1/users')).toBe(200);
      expect(await get(given.tool.token({ exp: 1, iat: 0 }), '/v1/users')).toBe(401);
      const caller = await serviceAccount(given.platform, ['calls:read']);
      expect(await get(caller.token(), '/v1/users')).toBe(403);
      expect(await get(caller.token(), '/v1/recordings/none/audio')).toBe(403);
    });
  });
}
