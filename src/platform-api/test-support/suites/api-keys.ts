import { describe, expect, test } from 'vitest';
import { type Given, withToken } from '../given.ts';

export function apiKeys(given: Given): void {
  const { codeOf } = given;
  describe('API keys', () => {
    const ask = async (parameters: string) =>
      await codeOf({ url: `/platform_api/GetAccountInfo?${parameters}` });

    test('the account by its number, name or address, and the key', async () => {
      const { id } = given.platform.account;
      const key = `api_key=${given.platform.secret}`;
      expect(await ask(`account_id=${id}&${key}`)).toBeUndefined();
      expect(await ask(`account_name=shop&${key}`)).toBeUndefined();
      expect(await ask(`account_email=Owner%40example.org&${key}`)).toBeUndefined();
      expect(await ask(key)).toBe(100);
      expect(await ask(`account_id=${id + 1}&${key}`)).toBe(100);
      expect(await ask(`account_id=${id}&account_name=other&${key}`)).toBe(100);
      expect(await ask(`account_id=${id}`)).toBe(100);
      expect(await ask(`account_id=${id}&api_key=eec36d6c-a0eb-46b5-a006-1c2b65343bac`)).toBe(100);
      expect(await ask('')).toBe(100);
      const header = { url: '/platform_api/GetAccountInfo', headers: withToken(given.platform.secret) };
      expect(await codeOf(header)).toBeUndefined();
    });

    test('scopes and the application of a key; a revoked key', async () => {
      const reads = await given.platform.key(['scenarios:read'], 'taxi');
      expect(await given.platform.ask('GetApplications', {}, reads)).toMatchObject({ total_count: 1 });
      expect(
        await given.platform.ask('GetApplications', { application_name: 'delivery' }, reads),
      ).toMatchObject({
        total_count: 0,
      });
      expect((await given.platform.ask('GetUsers', {}, reads)).error).toEqual({
        code: 104,
        msg: 'Forbidden command: the key has no scope users:read',
      });
      const writes = await given.platform.key(['applications:write'], 'taxi');
      expect(
        (await given.platform.ask('AddApplication', { application_name: 'x' }, writes)).error?.code,
      ).toBe(104);
      await given.platform.world.storage.apiKeys.revoke(reads.slice(0, 9));
      expect((await given.platform.ask('GetApplications', {}, reads)).error?.code).toBe(100);
    });

    test('an address that fails too often is told to wait, as is a key that asks too often', async () => {
      const app = await given.platform.appWith({ requestsPerMinute: 3, failuresPerMinute: 2 });
      const url = '/platform_api/GetAccountInfo';
      const good = { url, headers: withToken(given.tool.token()) };
      expect((await app.inject(good)).json()).toHaveProperty('result');
      for (let at = 0; at < 2; at++)
        expect((await app.inject({ url })).json()).toHaveProperty('error.code', 100);
      const refused = await app.inject({ url });
      expect(refused.json()).toEqual({ error: { code: 340, msg: 'Rate limit exceed' } });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      // Who was right lately is let in from the same address, with a new token too.
      const again = {
        url,
        headers: withToken(given.tool.token({ exp: Math.floor(Date.now() / 1_000) + 65 })),
      };
      for (let at = 0; at < 2; at++) expect((await app.inject(again)).json()).toHaveProperty('result');
      expect((await app.inject(good)).json()).toHaveProperty('error.code', 340);
      await app.close();
    });
  });
}
