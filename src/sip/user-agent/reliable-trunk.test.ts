/** 100rel as each trunk wants it, both ways. */
import { afterEach, describe, expect, test } from 'vitest';
import { answering, call, OFFER } from './test-support/dialling.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';
import type { TrunkSettings } from './types.ts';

const HOST = '198.51.100.7';
const CALLED = 'sip:+74951234567@192.0.2.1';
type Reliable = TrunkSettings['reliableProvisional'];

let stage: Scene;

afterEach(async () => {
  for (const { session } of stage.calls) session.end();
  await stage.clock.advance(1_000);
  expect(await stage.close()).toEqual(NOTHING_LEFT);
});

async function carrier(reliableProvisional: Reliable) {
  stage = await scene({ trunks: [trunk({ host: HOST, allowedSources: [HOST], reliableProvisional })] });
  return await stage.peer(HOST);
}

describe('reliable provisional responses of a trunk', () => {
  test.each<[Reliable, RegExp | undefined, string | undefined]>([
    ['off', undefined, undefined],
    ['supported', /\b100rel\b/, undefined],
    ['required', undefined, '100rel'],
  ])('[row 13] [RFC 3262 §4] our call, %s', async (policy, supported, required) => {
    const peer = await carrier(policy);
    peer.onRequest = answering(peer, [486]);
    call(stage);
    await stage.clock.advance(50);
    const { headers } = peer.got('INVITE')[0]!;
    if (supported === undefined) expect(headers.get('Supported')).not.toContain('100rel');
    else expect(headers.get('Supported')).toMatch(supported);
    expect(headers.get('Require')).toBe(required);
  });

  test('[RFC 3262 §4] a peer without them refuses what requires them, and the call fails with its 420', async () => {
    const peer = await carrier('required');
    peer.onRequest = answering(peer, [420], [['Unsupported', '100rel']]);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(ends).toMatchObject([{ status: 420, by: 'remote' }]);
  });

  test.each<[Reliable, string, number, string | undefined]>([
    ['off', 'Supported: 100rel', 180, undefined],
    ['off', 'Require: 100rel', 420, undefined],
    ['supported', 'Supported: 100rel', 180, undefined],
    ['supported', 'Require: 100rel', 180, '100rel'],
    ['required', 'Supported: 100rel', 180, '100rel'],
    ['required', 'Subject: none', 180, undefined],
  ])('[row 13] [RFC 3262 §3] its call, %s, with %s: %s', async (policy, field, status, required) => {
    const peer = await carrier(policy);
    peer.ask({ method: 'INVITE', uri: CALLED, fields: [field], body: OFFER });
    await stage.clock.advance(10);
    stage.calls[0]?.session.provisional(180);
    await stage.clock.advance(10);
    expect(peer.last.status).toBe(status);
    expect(peer.last.headers.get('Require')).toBe(required);
    expect(stage.calls).toHaveLength(status === 420 ? 0 : 1);
    if (status === 420) expect(peer.last.headers.get('Unsupported')).toBe('100rel');
  });
});
