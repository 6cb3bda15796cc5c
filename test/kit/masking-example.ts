/** An example of the masking service as its README tells it: its settings, a key of the scopes that it names, its commands. */
import { readFileSync } from 'node:fs';
import { Maskline } from '../../clients/typescript/src/index.ts';
import { SCOPES, type Scope } from '../../src/http/ports.ts';
import type { OutgoingCall } from '../../src/phone/outgoing-call.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { ExampleServer } from './example-server.ts';

/** A command of a README, and what its answer is said to be. */
export interface Command {
  readonly path: string;
  readonly body: unknown;
  readonly answer: unknown;
}

export class MaskingExample {
  readonly readme: string;
  readonly maskline: Maskline;

  private constructor(readme: string, maskline: Maskline) {
    this.readme = readme;
    this.maskline = maskline;
  }

  /** @param folder such as `taxi/push`. */
  static async of(server: ExampleServer, folder: string): Promise<MaskingExample> {
    const readme = readFileSync(new URL(`../../examples/${folder}/README.md`, import.meta.url), 'utf8');
    const [, listed = ''] = /keys create [^`]*--scopes ([\w:,]+)/.exec(readme) ?? [];
    const scopes = listed.split(',').map((scope) => {
      if (!(SCOPES as readonly string[]).includes(scope)) throw new Error(`no such scope: "${scope}"`);
      return scope as Scope;
    });
    const key = await server.key(...scopes);
    return new MaskingExample(readme, new Maskline({ url: server.maskline.httpUrl, key }));
  }

  /** Its `curl` commands to the backend, in order. */
  get commands(): Command[] {
    const pattern = /curl -X POST http:\/\/127\.0\.0\.1:\d+(\/[\w/-]+)(?: -d '([^']+)')?`?(?:\n# (\{.*\}))?/g;
    return [...this.readme.matchAll(pattern)].map(([, path = '', body, answer]) => ({
      path,
      body: body === undefined ? undefined : JSON.parse(body),
      answer: answer === undefined ? undefined : JSON.parse(answer),
    }));
  }

  /** Sends a command of the README, the first one by default. */
  async send(
    backend: { readonly url: string },
    index = 0,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const command = this.commands[index];
    if (command === undefined) throw new Error(`the README has no command ${index}`);
    return await post(backend, command.path, command.body);
  }
}

export async function post(
  backend: { readonly url: string },
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${backend.url}${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Two phones of an example talk: each hears the other, and sees the service number. Then the caller hangs up. */
export async function talk(
  from: Phone,
  to: Phone,
  dial: string,
  options: { readonly type?: string } = {},
): Promise<{ readonly shown: string | undefined }> {
  const out = from.call(dial);
  if (options.type !== undefined) await type(out, options.type);
  const rings = await to.nextCall();
  await Promise.all([out.waitFor('connected'), rings.waitFor('connected')]);
  await out.waitUntil('sound of the callee', () => out.rtp.heard.seconds > 0.1);
  await rings.waitUntil('sound of the caller', () => rings.rtp.heard.seconds > 0.1);
  out.hangup();
  await Promise.all([from.waitFor('idle'), to.waitFor('idle')]);
  return { shown: rings.shown.number };
}

/** Waits until Maskline asks for keys, and presses them. */
export async function type(out: OutgoingCall, keys: string): Promise<void> {
  await out.waitFor('connected');
  await out.waitUntil('the question', () => out.rtp.heard.seconds > 0.3);
  out.rtp.pressKeys(keys);
}

/** Between two tests on one server: its sessions are closed, its blocks are gone, its policy is the default, and these phones are off. */
export async function reset(server: ExampleServer, phones: readonly Phone[]): Promise<void> {
  const maskline = new Maskline({
    url: server.maskline.httpUrl,
    key: await server.key('sessions:read', 'sessions:write', 'policy:read', 'policy:write'),
  });
  for await (const { id, status } of maskline.sessions.list())
    if (status !== 'closed') await maskline.sessions.close(id);
  for await (const { id } of maskline.blocks.list()) await maskline.blocks.remove(id);
  await maskline.policy.set({}, { application: server.settings.applications[0]!.name });
  for (const phone of phones) await phone.unregister();
  await server.expectIdle();
}
