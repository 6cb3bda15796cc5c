import { describe, expect, it } from 'vitest';
import type { TransferRequest } from '../call/types.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

/** A peer's REFER; `said` is what it was answered and told. */
function refer(target: string): { readonly request: TransferRequest; readonly said: string[] } {
  const said: string[] = [];
  const request: TransferRequest = {
    target,
    headers: { 'X-Why': 'lunch' },
    accept: () => {
      said.push('accept');
      return { progress: (status) => void said.push(`notify ${status}`) };
    },
    reject: (code) => void said.push(`reject ${code}`),
  };
  return { request, said };
}

async function talking(script: string) {
  const kit = await SessionKit.create();
  const call = kit.calls.ring(
    route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { ${script} call.answer(); });`),
  );
  await turns();
  await call.connect();
  await turns();
  return { kit, call };
}

const end = async (kit: SessionKit): Promise<void> => {
  await kit.service.close(1000);
  kit.expectNothingLeft();
};

describe('a transfer that a peer asks for', () => {
  const TRANSFERS = `call.handleBlindTransfer(true);
    call.addEventListener(CallEvents.BlindTransferRequested, (e) => {
      Logger.write(e.transferTo + ' ' + e.headers['X-Why']);
      const target = VoxEngine.callPSTN(e.transferTo, '+74950000001');
      target.addEventListener(CallEvents.Connected, () => { call.notifyBlindTransferSuccess(); call.hangup(); });
      target.addEventListener(CallEvents.Failed, (f) => call.notifyBlindTransferFailed(f.code, f.reason));
    });
    for (const name of ['TransferComplete', 'TransferFailed'])
      call.addEventListener(CallEvents[name], e => Logger.write(name + ' ' + e.role + ' ' + (e.code || '')));`;

  it('[RFC 3515 §2.4.4] is made by the script, and the peer hears that it succeeded', async () => {
    const { kit, call } = await talking(TRANSFERS);
    const { request, said } = refer('+79120000002');
    call.events.emit('transferRequested', request);
    await turns();
    expect(said).toEqual(['accept']);
    const [target] = kit.calls.dialled;
    expect(target?.request).toMatchObject({ target: { number: '+79120000002' }, callerid: '+74950000001' });
    await target?.connect();
    await turns();
    expect(said).toEqual(['accept', 'notify 200']);
    expect(call.said).toEqual(['answer', 'hangup']);
    expect(kit.logs).toEqual(['+79120000002 lunch', 'TransferComplete transferor ']);
    await end(kit);
  });

  it('that fails is told with its status; then another may be asked for', async () => {
    const { kit, call } = await talking(TRANSFERS);
    for (const code of [486, 404]) {
      const { request, said } = refer('+79120000002');
      call.events.emit('transferRequested', request);
      await turns();
      kit.calls.dialled.at(-1)?.peerEnds(code);
      await turns();
      expect(said).toEqual(['accept', `notify ${code}`]);
    }
    expect(kit.logs.filter((line) => line.startsWith('Transfer'))).toEqual([
      'TransferFailed transferor 486',
      'TransferFailed transferor 404',
    ]);
    expect(call.state).toBe('CONNECTED');
    await end(kit);
  });

  it('is nobody’s business while the script does not handle transfers, and one at a time after that', async () => {
    const { kit, call } =
      await talking(`call.addEventListener(CallEvents.BlindTransferRequested, () => Logger.write('asked'));
      call.addEventListener(CallEvents.MessageReceived, e => call.handleBlindTransfer(e.text === 'on'));`);
    const ask = async () => {
      const { request, said } = refer('100');
      call.events.emit('transferRequested', request);
      await turns();
      return said;
    };
    expect(await ask()).toEqual([]);
    call.events.emit('message', { text: 'on', headers: {} });
    await turns();
    expect(await ask()).toEqual(['accept']);
    expect(await ask()).toEqual(['reject 486']);
    expect(kit.logs).toEqual(['asked']);
    await end(kit);
  });

  it('an outcome that nobody asked for, or that was told, is a warning', async () => {
    const { kit } = await talking(
      'call.notifyBlindTransferSuccess(); call.notifyBlindTransferFailed("x", 5);',
    );
    expect(kit.logs).toEqual([
      'No transfer was asked for on this call, or its outcome was told already.',
      'No transfer was asked for on this call, or its outcome was told already.',
    ]);
    await end(kit);
  });

  it('[row 40] [RFC 3515 §2.4.4] the peer hangs up while its transfer is being made, and hears the outcome all the same', async () => {
    const { kit, call } = await talking(TRANSFERS);
    const { request, said } = refer('+79120000002');
    call.events.emit('transferRequested', request);
    await turns();
    call.peerEnds();
    await turns();
    await kit.calls.dialled.at(-1)?.connect();
    await turns();
    expect(said).toEqual(['accept', 'notify 200']);
    expect(kit.logs.at(-1)).toBe('TransferComplete transferor ');
    await end(kit);
  });
});

describe('what happens inside a call', () => {
  it('the quality of its sound', async () => {
    const { kit, call } = await talking(
      'call.addEventListener(CallEvents.AudioQualityDetected, e => Logger.write(e.quality));',
    );
    call.events.emit('firstAudioPacket', { wideband: true });
    call.events.emit('firstAudioPacket', {});
    await turns();
    expect(kit.logs).toEqual(['HD', 'Standard']);
    await end(kit);
  });

  it('texts go both ways, and to no other call', async () => {
    const { kit, call } = await talking(`const other = VoxEngine.callPSTN('+79120000002', '+74950000001');
      VoxEngine.easyProcess(call, other);
      call.addEventListener(CallEvents.MessageReceived, e => call.sendMessage(e.text.toUpperCase() + e.headers['X-A']));`);
    call.events.emit('message', { text: 'at the gate', headers: { 'X-A': '1' } });
    await turns();
    expect(call.said).toContain('message AT THE GATE1');
    expect(kit.calls.dialled[0]?.said).toEqual([]);
    await end(kit);
  });

  it('hold and its end are ours to say, and what became of it is told', async () => {
    const { kit, call } =
      await talking(`for (const name of ['ReInviteReceived', 'ReInviteAccepted', 'ReInviteRejected', 'OnHold', 'OffHold'])
        call.addEventListener(CallEvents[name], e => Logger.write(name + JSON.stringify([e.mimeType, e.body])));
      call.addEventListener(CallEvents.Connected, () => { call.hold(); call.unhold(); });`);
    expect(call.said).toEqual(['answer', 'hold', 'unhold']);
    call.events.emit('reinviteAccepted', {});
    call.events.emit('reinviteRejected', { code: 488 });
    call.events.emit('reinviteReceived', {});
    call.events.emit('onHold', {});
    await turns();
    expect(kit.logs).toEqual([
      'ReInviteAccepted["application/sdp",""]',
      'ReInviteRejected[null,null]',
      'ReInviteReceived["application/sdp",""]',
      'OnHold[null,null]',
    ]);
    await end(kit);
  });

  it('[row 35] keys are told only while the script wants them, and never logged', async () => {
    const { kit, call } = await talking(`let pin = '';
      call.addEventListener(CallEvents.ToneReceived, e => { pin += e.tone; if (e.tone === '#') { call.handleTones(false); Logger.write('' + pin.length); } });`);
    call.events.emit('digit', { digit: '9' });
    await turns();
    expect(kit.logs).toEqual([]);
    await end(kit);
  });
});

describe('what a script says wrongly', () => {
  it('[row 20] an over-long number, name or address fails the call instead of leaving the script waiting', async () => {
    const kit = await SessionKit.create();
    await kit.start(`const long = '1'.repeat(5000);
      VoxEngine.callPSTN(long, long);
      VoxEngine.callUser({ username: long, callerid: long, displayName: long });
      VoxEngine.callSIP('sip:' + long, { callerid: long, displayName: long, authUser: long, password: long });`);
    expect(kit.calls.dialled).toHaveLength(3);
    expect(kit.logs).toEqual([]);
    await end(kit);
  });

  it('[row 20] headers with line breaks reach the call layer, which leaves them out, and the call is made', async () => {
    const kit = await SessionKit.create();
    await kit.start(
      `VoxEngine.callUser({ username: 'anna', callerid: '+7495', extraHeaders: { 'X-A': 'a\\r\\nVia: x', 'X\\r\\nB': 'b' } });`,
    );
    expect(kit.calls.dialled[0]?.request?.headers).toEqual({ 'X-A': 'a\r\nVia: x', 'X\r\nB': 'b' });
    await end(kit);
  });
});
