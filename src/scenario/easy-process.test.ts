/**
 * `easyProcess`, by voximplant.com/docs/references/voxengine/voxengine/easyprocess: ringing and early media pass to the
 * first leg, the answer of the second answers the first, the sound is joined, the end of one is the end of both.
 */
import { describe, expect, it } from 'vitest';
import type { FakeCall } from './test-support/fake-calls.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const SCRIPT = `VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
  VoxEngine.easyProcess(e.call, VoxEngine.callPSTN('+79120000002', e.destination), (a, b) => Logger.write('joined ' + (a === e.call) + b.number()));
  e.call.addEventListener(CallEvents.Disconnected, () => Logger.write('a gone'));
});`;

async function scene(script = SCRIPT): Promise<{ kit: SessionKit; a: FakeCall; b: FakeCall }> {
  const kit = await SessionKit.create();
  const a = kit.calls.ring(route(script));
  await turns();
  const [b] = kit.calls.dialled;
  if (b === undefined) throw new Error('no second leg');
  return { kit, a, b };
}

describe('easyProcess', () => {
  it('rings, answers, joins, and ends the first leg when the second ends', async () => {
    const { kit, a, b } = await scene();
    b.events.emit('ringing', { headers: {} });
    b.events.emit('audioStarted', { headers: {} });
    await turns();
    expect(a.said).toEqual(['ring', 'early media']);
    await b.connect();
    await turns();
    expect(a.said).toEqual(['ring', 'early media', 'answer']);
    await a.connect();
    await turns();
    const [media] = kit.media.sessions;
    if (a.leg === undefined || b.leg === undefined) throw new Error('no legs');
    expect([media?.hears(a.leg, b.leg), media?.hears(b.leg, a.leg)]).toEqual([true, true]);
    b.peerEnds();
    await turns();
    expect(a.said.at(-1)).toBe('hangup');
    expect(kit.logs).toEqual(['joined true+79120000002', 'a gone']);
    kit.expectNothingLeft();
  });

  it('gives the status of a second leg that fails to the caller, and ends', async () => {
    const { kit, a, b } = await scene();
    b.peerEnds(486);
    await turns();
    expect(a.said).toEqual(['reject 486']);
    kit.expectNothingLeft();
  });

  it('[row 40] cancels the second leg when the caller hangs up while it rings', async () => {
    const { kit, a, b } = await scene();
    a.peerEnds(487);
    await turns();
    expect(b.said).toEqual(['hangup']);
    kit.expectNothingLeft();
  });

  it('[row 40] lets nobody ring for a caller who left before it was called', async () => {
    const { kit, a, b } = await scene(
      SCRIPT.replace(
        '{\n',
        '{ e.call.hangup(); e.call.addEventListener(CallEvents.Failed, () => {\n',
      ).replace(/\n}\);$/, '\n}); });'),
    );
    expect(a.said).toEqual(['hangup']);
    expect(b.said).toEqual(['hangup']);
    kit.expectNothingLeft();
  });

  it('does not carry bodies across (ARCHITECTURE, privacy 7)', async () => {
    const { kit, a, b } = await scene();
    await b.connect();
    b.events.emit('info', { mimeType: 'text/plain', body: '+79120000002', headers: {} });
    await turns();
    expect(a.said).toEqual(['answer']);
    await kit.service.close(1000);
  });

  it('forwardCallToPSTN shows the service number and transforms the number', async () => {
    const { kit, b } = await scene("VoxEngine.forwardCallToPSTN(n => '+7912' + n.slice(-7))");
    expect(b.request).toMatchObject({
      target: { kind: 'pstn', number: '+79120000001' },
      callerid: '+74950000001',
      maxForwards: 59,
    });
    await kit.service.close(1000);
  });

  it('forwardCallToUser and forwardCallToSIP dial what was dialled', async () => {
    const one = await scene('VoxEngine.forwardCallToUser()');
    expect(one.b.request?.target).toEqual({ kind: 'user', username: '+74950000001' });
    await one.kit.service.close(1000);
    const two = await scene('VoxEngine.forwardCallToSIP()');
    expect(two.b.request?.target).toEqual({ kind: 'sip', uri: 'sip:b@example.org' });
    await two.kit.service.close(1000);
  });

  it('callPSTN without a number to show fails with 403', async () => {
    const { kit, a } = await scene(SCRIPT.replace(', e.destination', ''));
    expect(a.said).toEqual(['reject 403']);
    kit.expectNothingLeft();
  });
});
