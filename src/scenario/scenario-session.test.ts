import { describe, expect, it } from 'vitest';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const ANSWER = 'VoxEngine.addEventListener(AppEvents.CallAlerting, function (e) { e.call.answer(); });';

describe('the life of a session', () => {
  it('answers, hears the end of the call, and terminates when the script says so', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(`${ANSWER}
      VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
        Logger.write([e.callerid, e.destination, e.headers['X-Order'], e.call.state(), e.call.incoming()].join(' '));
        e.call.addEventListener(CallEvents.Disconnected, function (d) {
          Logger.write(d.name + ' ' + d.duration + ' ' + d.direction + ' ' + d.cost + ' ' + (d.call === e.call));
          VoxEngine.terminate();
        });
      });
      VoxEngine.addEventListener(AppEvents.Terminating, () => Logger.write('terminating'));
      VoxEngine.addEventListener(AppEvents.Terminated, () => Logger.write('terminated'));`),
    );
    await turns();
    expect(call.said).toEqual(['answer']);
    await call.connect();
    await turns();
    call.peerEnds();
    await turns();
    expect(kit.logs).toEqual([
      '+79120000001 +74950000001 7 ALERTING true',
      'Call.Disconnected 12 Inbound 0 true',
      'terminating',
      'terminated',
    ]);
    expect(kit.ended[0]).toMatchObject({ reason: 'the scenario terminated', error: undefined });
    kit.expectNothingLeft();
  });

  it('rejects with 480 an inbound call that nobody answers within 60 s, and ends', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(route('1'));
    await kit.advance(59_000);
    expect(call.said).toEqual([]);
    await kit.advance(1_000);
    expect(call.said).toEqual(['reject 480']);
    expect(kit.ended[0]?.reason).toBe('The scenario neither answered nor ended the call in time.');
    kit.expectNothingLeft();
  });

  it('ends a session without calls after 60 s', async () => {
    const kit = await SessionKit.create();
    await kit.start('setInterval(() => Logger.write("tick"), 20000);');
    await kit.advance(59_999);
    expect(kit.logs).toEqual(['tick', 'tick']);
    await kit.advance(1);
    expect(kit.ended[0]?.reason).toBe('no calls for 60 s');
    kit.expectNothingLeft();
  });

  it('[row 40] the caller who hangs up before the sandbox is open is told to the script, and nothing leaks', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      e.call.addEventListener(CallEvents.Failed, f => { Logger.write('failed ' + f.code); VoxEngine.terminate(); });
      e.call.answer();
    });`),
    );
    call.peerEnds(487);
    await turns();
    expect(kit.logs).toEqual(['failed 487']);
    expect(call.said).toEqual([]);
    kit.expectNothingLeft();
  });

  it('[row 40] terminate hangs up every leg, also those that still ring', async () => {
    const kit = await SessionKit.create();
    const inbound = kit.calls.ring(
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      VoxEngine.callPSTN('+79120000002', e.destination); VoxEngine.callPSTN('+79120000003', e.destination);
      setTimeout(VoxEngine.terminate, 5000); setInterval(() => {}, 100);
      Net.httpRequest('http://backend/never', () => {});
    });`),
    );
    await turns();
    await kit.advance(5_000);
    expect(inbound.said).toEqual(['reject 480']);
    expect(kit.calls.dialled.map(({ said }) => said)).toEqual([['hangup'], ['hangup']]);
    // The request that is still running is waited for, 90 s at the most.
    expect(kit.ended).toEqual([]);
    await kit.advance(90_000);
    await kit.advance(10_000);
    expect(kit.ended).toHaveLength(1);
    kit.expectNothingLeft();
  });

  it('lets a Terminating handler make one more request', async () => {
    const kit = await SessionKit.create();
    await kit.start(`VoxEngine.addEventListener(AppEvents.Terminating, async () => {
        const r = await Net.httpRequestAsync('http://backend/end'); Logger.write('told ' + r.code);
        Net.httpRequest('http://backend/again', () => {}); setTimeout(() => Logger.write('late'), 1);
      });
      VoxEngine.terminate();`);
    expect(kit.http.requests.map(({ url }) => url)).toEqual(['http://backend/end']);
    await kit.http.answer(200, 'ok');
    await turns();
    expect(kit.logs.filter((line) => !line.startsWith('HTTP'))).toEqual(['told 200']);
    expect(kit.http.requests).toHaveLength(1);
    kit.expectNothingLeft();
  });

  it('answers a request that cannot be sent: its script does not wait for ever', async () => {
    const kit = await SessionKit.create();
    await kit.start(`Net.httpRequestAsync('http://backend/', { headers: ['X-A: a\\u0000b'] })
      .then(({ code, error }) => { Logger.write(code + ' ' + error); VoxEngine.terminate(); });`);
    await turns();
    expect(kit.logs).toContain('0 a header value has a wrong form');
    expect(kit.http.requests).toEqual([]);
    kit.expectNothingLeft();
  });

  it('gives the calls of a dead script their end: 500 before the answer, a hang-up after it', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route('\nVoxEngine.addEventListener(AppEvents.CallAlerting, function (e) {\n  e.call.answr();\n});'),
    );
    await turns();
    expect(call.said).toEqual(['reject 500']);
    expect(kit.ended[0]?.error).toMatchObject({ scenario: 'taxi.js', line: 3 });
    expect(kit.ended[0]?.error?.message).toMatch(/TypeError/);
    kit.expectNothingLeft();
    const second = kit.calls.ring(
      route(`${ANSWER} VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      e.call.addEventListener(CallEvents.Connected, () => { throw new Error('late'); }); });`),
    );
    await turns();
    await second.connect();
    await turns();
    expect(second.said).toEqual(['answer', 'hangup']);
    expect(kit.ended[1]?.error?.message).toBe('Error: late');
    kit.expectNothingLeft();
  });

  it('ends after an unhandled rejection while a caller waits, and says where it was', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(
        'VoxEngine.addEventListener(AppEvents.CallAlerting, async (e) => {\n  await null;\n  JSON.parse("{");\n});',
      ),
    );
    await turns();
    expect(kit.ended[0]?.error).toMatchObject({ scenario: 'taxi.js', line: 3 });
    expect(kit.ended[0]?.error?.message).toMatch(
      /^Unhandled rejection in AppEvents.CallAlerting: SyntaxError: /,
    );
    expect(call.said).toEqual(['reject 500']);
    kit.expectNothingLeft();
  });

  it('goes on after an unhandled rejection while people talk', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(`${ANSWER} VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      e.call.addEventListener(CallEvents.Connected, async () => { throw new Error('late'); }); });`),
    );
    await turns();
    await call.connect();
    await turns();
    expect(kit.logs.at(-1)).toMatch(/^Unhandled rejection in CallEvents.Connected: Error: late \(taxi\.js:/);
    expect(call.said).toEqual(['answer']);
    await kit.service.close(1000);
    kit.expectNothingLeft();
  });

  it('runs several scripts of one rule in one global scope, implicit globals included', async () => {
    const kit = await SessionKit.create();
    await kit.service.start({
      route: route(
        'backend = "http://b"; var n = 1; function twice(x) { return 2 * x; }',
        'Logger.write(backend + n + twice(n)); VoxEngine.terminate()',
      ),
      customData: '',
      inbound: undefined,
    });
    await turns();
    expect(kit.logs).toEqual(['http://b12']);
    kit.expectNothingLeft();
  });

  it('closes within its time although a script still waits for its backend', async () => {
    const kit = await SessionKit.create();
    await kit.start('VoxEngine.customData("x"); Net.httpRequest("http://backend/", () => {});');
    const closed = kit.service.close(2_000);
    await kit.advance(2_000);
    await closed;
    expect(kit.ended[0]?.reason).toBe('the node is shutting down');
    kit.expectNothingLeft();
    await expect(
      kit.service.start({ route: route('1'), customData: '', inbound: undefined }),
    ).rejects.toThrow(/shutting down/);
  });
});

describe('[row 43] the server log', () => {
  it('shows no number that a script, an error or a URL contains; the observers keep the line', async () => {
    const kit = await SessionKit.create();
    kit.calls.ring(
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, async e => {
      Logger.write('from ' + e.callerid); await Net.httpRequestAsync('http://backend/79120000001?key=secret');
      setTimeout(() => { throw new Error('no ' + e.callerid); }, 1); });`),
    );
    await turns();
    await kit.http.answer(200, '+79120000001');
    await kit.advance(1);
    expect(kit.logs[0]).toBe('from +79120000001');
    expect(kit.logs[1]).toMatch(/^HTTP GET backend: 200 \(\d+ ms\)$/);
    expect(kit.serverLog.length).toBeGreaterThanOrEqual(4);
    expect(kit.serverLog.join('\n')).not.toMatch(/9120000001|secret/);
    kit.expectNothingLeft();
  });

  it('is not filled by a script that writes without an end', async () => {
    const kit = await SessionKit.create({ logTotalChars: 1000 });
    await kit.start('for (let i = 0; i < 900; i++) Logger.write("0123456789")');
    expect(kit.logs).toHaveLength(101);
    expect(kit.logs.at(-1)).toMatch(/the rest is dropped/);
    await kit.service.close(1000);
  });
});

describe('[row 41] order and floods', () => {
  it('carries commands out in the order of the script', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      call.ring(); call.startEarlyMedia(); call.sendInfo('text/plain', '1'); call.sendInfo('text/plain', '2'); call.answer();
      call.sendInfo('text/plain', '3'); call.hangup(); call.answer();
    });`),
    );
    await turns();
    expect(call.said).toEqual([
      'ring',
      'early media',
      'info text/plain 1',
      'info text/plain 2',
      'answer',
      'info text/plain 3',
      'hangup',
    ]);
    await kit.service.close(1000);
  });

  it('tells events in the order in which they happened', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      for (const name of ['Connected', 'ToneReceived', 'OnHold', 'OffHold', 'Disconnected', 'StateChanged'])
        call.addEventListener(CallEvents[name], e => Logger.write(name + (e.tone || '') + (e.newState || '')));
      call.handleTones(true); call.answer();
    });`),
    );
    await turns();
    await call.connect();
    for (const digit of '12#') call.events.emit('digit', { digit });
    call.events.emit('onHold', {});
    call.events.emit('offHold', {});
    call.peerEnds();
    await turns();
    expect(kit.logs).toEqual([
      'StateChangedCONNECTED',
      'Connected',
      'ToneReceived1',
      'ToneReceived2',
      'ToneReceived#',
      'OnHold',
      'OffHold',
      'StateChangedTERMINATED',
      'Disconnected',
    ]);
    await kit.service.close(1000);
    kit.expectNothingLeft();
  });

  it('ends a session that floods commands, and only that one', async () => {
    const kit = await SessionKit.create();
    const good = kit.calls.ring(route(ANSWER));
    await kit.start('for (let i = 0; i < 10000; i++) setTimeout; for (;;) Logger.write("x");');
    expect(kit.ended).toHaveLength(1);
    expect(kit.ended[0]?.error?.message).toMatch(/more than 1000 commands/);
    expect(kit.service.activeSessions).toBe(1);
    expect(good.said).toEqual(['answer']);
    await kit.service.close(1000);
    kit.expectNothingLeft();
  });

  it('ends a session whose script is too far behind its events', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route('VoxEngine.addEventListener(AppEvents.CallAlerting, e => { e.call.handleTones(true); });'),
    );
    await turns();
    for (let i = 0; i < 1100; i++) call.events.emit('digit', { digit: '1' });
    await turns();
    expect(kit.ended[0]?.error?.message).toBe('The scenario is too slow for its events.');
    kit.expectNothingLeft();
  });
});
