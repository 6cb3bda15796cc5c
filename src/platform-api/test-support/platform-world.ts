import { CallListBook } from '../../dialler/call-lists.ts';
import type { Api } from '../../http/api.ts';
import { createApp } from '../../http/app.ts';
import { SCOPES, type Scope } from '../../http/ports.ts';
import type { RateLimits } from '../../http/rate-limit.ts';
import { createWorld, type World } from '../../http/test-support/world.ts';
import { ha1Set } from '../../sip/auth/digest.ts';
import { platformApi } from '../platform-api.ts';

export const REALM = 'calls.example.org';

/** What a command answers. */
export interface Reply {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly msg: string };
  readonly [name: string]: unknown;
}

export interface PlatformWorld {
  readonly world: World;
  readonly app: Api;
  readonly account: { readonly id: number; readonly name: string; readonly email: string };
  /** A key with all scopes that is bound to nothing. */
  readonly secret: string;
  /** Runs a command with the key of the whole account, or with another. */
  ask(command: string, params?: Readonly<Record<string, unknown>>, secret?: string): Promise<Reply>;
  /** The same, for what has to succeed. */
  done(command: string, params?: Readonly<Record<string, unknown>>): Promise<Reply>;
  key(scopes: readonly Scope[], application?: 'taxi' | 'delivery'): Promise<string>;
  /** Another API on the same world, with these limits. */
  appWith(limits: Partial<RateLimits>): Promise<Api>;
  close(): Promise<void>;
}

/** The platform API on a real embedded database with two declared applications, `taxi` and `delivery`. */
export async function createPlatformWorld(
  settings: Parameters<typeof createWorld>[0] = {},
): Promise<PlatformWorld> {
  const world = await createWorld(settings);
  const { storage, options } = world;
  const account = {
    ...(await storage.platform.directory.account()),
    name: 'shop',
    email: 'owner@example.org',
  };
  const appWith = async (rateLimits: Partial<RateLimits>): Promise<Api> =>
    await createApp({
      ...options,
      settings: { ...options.settings, rateLimits },
      account,
      mounts: [
        platformApi({
          ...storage.platform,
          apiKeys: storage.apiKeys,
          scenarios: {
            start: async (request) => {
              const { sessionId } = await options.scenarios.start(request);
              const url = `calls.example.org/session/${sessionId}`;
              return { sessionId, access: { url: `http://${url}`, secureUrl: `https://${url}` } };
            },
          },
          keyValues: storage.appStorage,
          callLists: new CallListBook({
            store: storage.callLists,
            rules: storage.directory,
            clock: options.clock,
            random: options.random,
            onChanged: () => undefined,
          }),
          digest: (username, password) => ha1Set(username, REALM, password),
          account,
          publicUrl: () => 'https://calls.example.org',
          clock: options.clock,
          log: options.log,
        }),
      ],
    });
  const app = await appWith({ requestsPerMinute: 0, failuresPerMinute: 0 });
  const key = async (scopes: readonly Scope[], application?: 'taxi' | 'delivery') =>
    (await world.key(scopes, application)).authorization.replace('Bearer ', '');
  const secret = await key(SCOPES);
  const ask = async (
    command: string,
    params: Readonly<Record<string, unknown>> = {},
    withSecret = secret,
  ): Promise<Reply> => {
    const form = new URLSearchParams({ account_id: String(account.id), api_key: withSecret });
    for (const [name, value] of Object.entries(params)) form.set(name, String(value));
    const response = await app.inject({
      method: 'POST',
      url: `/platform_api/${command}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: form.toString(),
    });
    if (response.statusCode !== 200) throw new Error(`${command} was answered ${response.statusCode}`);
    return response.json();
  };
  return {
    world,
    app,
    account,
    secret,
    ask,
    done: async (command, params) => {
      const reply = await ask(command, params);
      if (reply.error !== undefined) throw new Error(`${command}: ${reply.error.code} ${reply.error.msg}`);
      return reply;
    },
    key,
    appWith,
    close: async () => {
      await app.close();
      await world.close();
    },
  };
}
