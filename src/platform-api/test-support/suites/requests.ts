import { describe, expect, test } from 'vitest';
import { type Given, withToken } from '../given.ts';

export function requests(given: Given): void {
  const { auth, inject, codeOf } = given;
  describe('requests', () => {
    const account = expect.objectContaining({ account_name: 'shop' });

    test.each([
      '/platform_api/GetAccountInfo',
      '/platform_api/GetAccountInfo/',
      '/platform_api',
      '/platform_api/',
    ])('%s, by GET and by POST, with the parameters in the URL or in a form', async (url) => {
      const parameters = url.includes('Get') ? auth() : `${auth()}&cmd=GetAccountInfo`;
      expect((await inject({ url: `${url}?${parameters}` })).result).toEqual(account);
      expect((await inject({ method: 'POST', url: `${url}?${parameters}` })).result).toEqual(account);
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
      expect((await inject({ method: 'POST', url, headers, payload: parameters })).result).toEqual(account);
    });

    test('a multipart form, with a script as a file; a JSON object; a table as the body itself', async () => {
      const application_id = (await given.platform.done('AddApplication', { application_name: 'forms' }))
        .application_id;
      const form = new FormData();
      form.set('cmd', 'AddScenario');
      form.set('application_id', String(application_id));
      form.set('scenario_name', 'Привет');
      form.set('scenario_script', new File(['// Привет\r\n'], 'main.js'));
      const encoded = new Response(form);
      const made = await inject({
        method: 'POST',
        url: '/platform_api',
        headers: {
          ...withToken(given.tool.token()),
          'content-type': encoded.headers.get('content-type') ?? '',
        },
        payload: Buffer.from(await encoded.arrayBuffer()),
      });
      const shown = await given.platform.done('GetScenarios', {
        scenario_id: made.scenario_id,
        with_script: 1,
      });
      expect(shown.result).toEqual([
        expect.objectContaining({ scenario_name: 'Привет', scenario_script: '// Привет\r\n' }),
      ]);
      const json = { application_id, key: 'a', value: 'b', ttl: 5, unknown: null };
      const put = {
        method: 'POST',
        url: '/platform_api/SetKeyValueItem',
        headers: withToken(given.tool.token()),
      } as const;
      expect((await inject({ ...put, payload: json })).result).toMatchObject({ key: 'a', value: 'b' });

      const rule_id = (
        await given.platform.done('AddRule', { application_id, rule_name: 'r', rule_pattern: '.*' })
      ).rule_id;
      const query = `rule_id=${rule_id}&priority=0&max_simultaneous=1&num_attempts=1&name=raw`;
      const list = await inject({
        method: 'POST',
        url: `/platform_api/CreateCallList?${query}&${auth()}`,
        headers: { 'content-type': 'text/csv' },
        payload: 'phone\n1\n2\n',
      });
      expect(list).toMatchObject({ result: true, count: 2 });
    });

    test('no command, an unknown one, and HEAD, which starts nothing', async () => {
      expect(await codeOf({ url: `/platform_api?${auth()}` })).toBe(102);
      expect(await inject({ url: `/platform_api/BuyTheMoon?${auth()}` })).toEqual({
        error: { code: 103, msg: 'Unknown command' },
      });
      const before = given.platform.world.started.length;
      const url = `/platform_api/StartScenarios?rule_name=all&application_name=taxi&${auth()}`;
      expect((await given.platform.app.inject({ method: 'HEAD', url })).statusCode).toBe(405);
      expect((await given.platform.app.inject({ method: 'DELETE', url })).statusCode).toBe(405);
      expect(given.platform.world.started).toHaveLength(before);
    });

    test('bodies that cannot be read, that are too long, or that hold too much', async () => {
      const post = async (type: string, payload: string | Buffer, headers: object = {}) =>
        await codeOf({
          method: 'POST',
          url: '/platform_api/GetAccountInfo',
          headers: { 'content-type': type, ...headers },
          payload,
        });
      expect(await post('multipart/form-data; boundary=x', 'nonsense')).toBe(101);
      expect(await post('multipart/form-data', '--x--')).toBe(101);
      expect(await post('application/json', '{')).toBe(101);
      expect(await post('application/json', '[]')).toBe(101);
      expect(await post('not a type', 'x')).toBe(101);
      expect(await post('text/plain', Buffer.alloc(2 * 1024 * 1024 + 1))).toBe(101);
      expect(
        await post('text/plain', Buffer.alloc(2 * 1024 * 1024 + 1), withToken(given.tool.token())),
      ).toBeUndefined();
      const many = Array.from({ length: 201 }, (_, at) => `a${at}=1`).join('&');
      expect(await post('application/x-www-form-urlencoded', many)).toBe(101);
      const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n';
      expect(await post('multipart/form-data; boundary=x', `${part.repeat(300)}--x--\r\n`)).toBe(101);
      // The first of several counts.
      expect(
        (await inject({ url: `/platform_api?${auth()}&cmd=GetAccountInfo&cmd=Nothing` })).result,
      ).toEqual(account);
    });

    test('no secret and no number reaches the log', async () => {
      await given.platform.done('GetCallHistory', {
        from_date: '2026-01-01',
        to_date: '2026-01-02',
        remote_number: '447700900303',
      });
      await inject({ url: `/platform_api/GetUsers?${auth()}&user_name=447700900303` });
      const log = given.platform.world.logged.join('\n');
      expect(log).toContain('/platform_api/:command');
      expect(log).not.toContain(given.platform.secret);
      expect(log).not.toContain('7700900303');
      expect(log).not.toContain('a platform command failed');
    });
  });
}
