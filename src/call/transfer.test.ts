import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { callWorld, expectNothingLeft } from './test-support/world.ts';
import { transferTarget } from './transfer.ts';
import type { Call, TransferRequest } from './types.ts';

describe('whom a Refer-To names', () => {
  it.each([
    ['sip:+79120000002@maskline.example', '+79120000002'],
    ['sip:%2B79120000002@maskline.example;user=phone', '+79120000002'],
    ['SIP:8(912)000-00-02@maskline.example', '89120000002'],
    ['sip:+79120000002;phone-context=x@maskline.example', '+79120000002'],
    ['tel:+7-912-000-00-02;ext=5', '+79120000002'],
    ['sip:100:secret@pbx.example', '100'],
    ['sip:operator@pbx.example:5080;transport=tcp', 'sip:operator@pbx.example:5080'],
    ['sips:pbx.example', 'sips:pbx.example'],
    ['sip:bob@pbx.example;method=INVITE', 'sip:bob@pbx.example'],
    ['sip:bob@pbx.example?Subject=secret', 'sip:bob@pbx.example'],
  ])('[RFC 3515 §2.1] %s: %s', (referTo, target) => {
    expect(transferTarget(referTo)).toBe(target);
  });

  it.each([
    ['another method', 'sip:bob@pbx.example;method=BYE'],
    ['another scheme', 'mailto:bob@pbx.example'],
    ['a line break', 'sip:bob@pbx.example\r\nX: y'],
    ['a blank', 'sip:bob smith@pbx.example'],
    ['nobody', 'sip:@pbx.example'],
    ['no number', 'tel:secretary'],
    ['nothing', ''],
    ['too much', `sip:${'b'.repeat(600)}@pbx.example`],
  ])('%s is nobody to call', (_, referTo) => {
    expect(transferTarget(referTo)).toBeUndefined();
  });

  it('[row 20] whatever a peer writes, a target has neither blanks nor controls nor parameters', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('sip:', 'tel:', 'sips:'), fc.string({ unit: 'binary' }))
        .map((parts) => parts.join('')),
      fc.tuple(fc.constant('sip:'), fc.webAuthority()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(anything, (referTo) => {
        const target = transferTarget(referTo);
        if (target !== undefined) expect(target).toMatch(/^(?:\+?[0-9*#]{1,32}|sips?:[!-:=@-~]+)$/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a peer who wants somebody else called', () => {
  let clock = new VirtualClock();
  let world = callWorld(clock, seededRandom(1));
  beforeEach(() => {
    clock = new VirtualClock();
    world = callWorld(clock, seededRandom(1));
  });
  afterEach(() => expectNothingLeft(world, clock));

  async function connected() {
    const { session, call } = world.callIn();
    world.calls.adopt(call, world.ownerOf());
    call.answer();
    await clock.advance(0);
    return { session, call };
  }

  const listen = (call: Call, heard: (request: TransferRequest) => void): void =>
    void call.events.on('transferRequested', heard);

  it('[RFC 3515 §2.4.4] is told what becomes of it, up to the last word and no further', async () => {
    const { session, call } = await connected();
    const targets: string[] = [];
    listen(call, (request) => {
      targets.push(request.target);
      const progress = request.accept();
      for (const status of [100, 180, 0, 700, 180.5, 486, 200]) progress.progress(status);
      request.reject(500);
      request.accept().progress(200);
    });
    expect(session.refer('sip:+79120000002@maskline.example;user=phone')).toEqual([
      '202',
      'notify 100',
      'notify 180',
      'notify 486',
    ]);
    expect(targets).toEqual(['+79120000002']);
    expect(call.state).toBe('CONNECTED');
  });

  it('is refused with 603 when nobody takes it, though records listen', async () => {
    const { session, call } = await connected();
    expect(session.refer('sip:+79120000002@maskline.example')).toEqual(['603']);
    expect(world.observed).toContain('event:transferRequested');
    expect(call.state).toBe('CONNECTED');
  });

  it('is refused in time: what is taken later is not taken any more', async () => {
    const { session, call } = await connected();
    let later: TransferRequest | undefined;
    listen(call, (request) => {
      later = request;
    });
    const said = session.refer('tel:+79120000002');
    later?.accept().progress(200);
    later?.reject(486);
    expect(said).toEqual(['603']);
  });

  it.each([
    [404, '404'],
    [200, '603'],
    [99.5, '603'],
  ])('may be refused with %d: %s', async (code, said) => {
    const { session, call } = await connected();
    listen(call, (request) => request.reject(code));
    expect(session.refer('tel:+79120000002')).toEqual([said]);
  });

  it('[RFC 3891 §3] an attended transfer is refused, and nobody hears of it', async () => {
    const { session, call } = await connected();
    const heard: string[] = [];
    listen(call, ({ target }) => heard.push(target));
    const options = { replaces: 'call-id;to-tag=1;from-tag=2' };
    expect(session.refer('sip:bob@pbx.example', options)).toEqual(['603']);
    expect(session.refer('sip:bob@pbx.example;method=BYE')).toEqual(['603']);
    expect(heard).toEqual([]);
  });
});
