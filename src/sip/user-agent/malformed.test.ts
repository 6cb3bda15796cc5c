/** Who is told that a request is malformed (RFC 4475 §3.1.2, PITFALLS row 42). */
import { afterEach, expect, test } from 'vitest';
import { NOTHING_LEFT, type Scene, type SceneOptions, scene } from './test-support/scene.ts';
import { account, DOMAIN, trunk } from './test-support/settings.ts';

const MALFORMED = {
  method: 'OPTIONS',
  uri: `sip:${DOMAIN}`,
  fields: ['Max-Forwards: many'],
} as const;

let stage: Scene;

afterEach(async () => {
  expect(await stage.close()).toEqual(NOTHING_LEFT);
});

async function toldTo(options: SceneOptions): Promise<readonly number[]> {
  stage = await scene(options);
  const peer = await stage.peer('198.51.100.1');
  peer.ask(MALFORMED);
  await stage.clock.advance(50);
  return peer.finals;
}

test('[row 42] a stranger is told nothing', async () => {
  expect(await toldTo({})).toEqual([]);
});

test('[row 20] a trunk is told 400, by its address', async () => {
  expect(await toldTo({ trunks: [trunk({ allowedSources: ['198.51.100.1'] })] })).toEqual([400]);
});

test('[row 20] everybody is, where strangers may ask what we can', async () => {
  expect(await toldTo({ settings: { answerUnknownOptions: true } })).toEqual([400]);
});

test('[row 20] a phone is told once it has proved its password', async () => {
  const bob = account('bob', 'zanzibar');
  expect(await toldTo({ users: [bob] })).toEqual([]);
  const peer = await stage.peer('198.51.100.2');
  const register = { method: 'REGISTER', uri: `sip:${DOMAIN}`, to: `<sip:bob@${DOMAIN}>` } as const;
  const contact = 'Contact: <sip:bob@198.51.100.2>';
  peer.ask({ ...register, fields: [contact] });
  await stage.clock.advance(50);
  const credentials = stage.credentials('bob', 'zanzibar');
  credentials.accept(peer.last);
  peer.ask({ ...register, fields: [contact, ...credentials.fields('REGISTER', register.uri)] });
  await stage.clock.advance(50);
  expect(peer.finals).toEqual([401, 200]);
  peer.ask(MALFORMED);
  await stage.clock.advance(50);
  expect(peer.finals).toEqual([401, 200, 400]);
});
