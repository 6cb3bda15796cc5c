import type { InjectOptions } from 'fastify';
import { expect } from 'vitest';
import { SCOPES } from '../../http/ports.ts';
import { createPlatformWorld, type PlatformWorld, type Reply } from './platform-world.ts';
import { serviceAccount, type TestAccount } from './service-account.ts';

/** How the API writes a moment. */
export const TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/** What all suites of `platform-api.test.ts` share: one world, since an embedded database costs seconds. */
export class Given {
  #platform: PlatformWorld | undefined;
  #tool: TestAccount | undefined;

  async open(): Promise<void> {
    this.#platform = await createPlatformWorld();
    this.#tool = await serviceAccount(this.#platform, SCOPES);
  }

  async close(): Promise<void> {
    await this.#platform?.close();
  }

  get platform(): PlatformWorld {
    if (this.#platform === undefined) throw new Error('the world is not open yet');
    return this.#platform;
  }

  /** A service account with all scopes. */
  get tool(): TestAccount {
    if (this.#tool === undefined) throw new Error('the world is not open yet');
    return this.#tool;
  }

  readonly ask: PlatformWorld['ask'] = (...args) => this.platform.ask(...args);
  readonly done: PlatformWorld['done'] = (...args) => this.platform.done(...args);

  /** The error that a command is answered with. */
  readonly code = async (...args: Parameters<PlatformWorld['ask']>): Promise<number | undefined> =>
    (await this.ask(...args)).error?.code;

  /** One number of what a command answers. */
  readonly idOf = async (command: string, params: object, field: string): Promise<number> =>
    (await this.done(command, params as Record<string, unknown>))[field] as number;

  /** The number of an application. */
  readonly declared = async (name: string): Promise<number> => {
    const { result } = await this.done('GetApplications', { application_name: name });
    return (result as { application_id: number }[])[0]?.application_id as number;
  };

  /** Any request; the status has to be 200, and the answer JSON. */
  readonly inject = async (request: InjectOptions): Promise<Reply> => {
    const response = await this.platform.app.inject(request);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    return response.json();
  };

  readonly codeOf = async (request: InjectOptions): Promise<number | undefined> =>
    (await this.inject(request)).error?.code;

  /** Parameters that let a request in. */
  readonly auth = (): string => `account_id=${this.platform.account.id}&api_key=${this.platform.secret}`;
}

export const withToken = (token: string) => ({ authorization: `Bearer ${token}` });
