import { expect, scenario, test } from 'maskline/scenario-test';

const SERVICE = '+442079460123';
const CALLER = { from: '+447700900101', to: SERVICE, name: 'caller' };
const TARGET = '+447700900202';

test('the target sees the service number; the two hear each other; one end ends both', async () => {
  const flow = scenario('./forward.js', { customData: TARGET });
  const caller = await flow.callsIn(CALLER);
  const target = await flow.called({ name: 'target' });
  expect(target.to).toBe(TARGET);
  expect(target.shownNumber).toBe(SERVICE);

  target.rings();
  await caller.ringing();
  expect(caller.hears).toBe('silence');
  target.answers();
  await caller.connected();
  expect(caller.hears).toBe(target);
  expect(target.hears).toBe(caller);

  await flow.advance(60_000);
  target.hangsUp();
  await caller.ended({ code: 200 });
  expect(caller.end).toMatchObject({ by: 'local', durationSeconds: 60 });
  await flow.ended();
});

test('a target that is busy: the caller learns so', async () => {
  const flow = scenario('./forward.js', { customData: TARGET });
  const caller = await flow.callsIn(CALLER);
  (await flow.called()).rejects(486);
  await caller.ended({ code: 486 });
  await flow.ended();
});

test('a caller who gives up cancels the call to the target', async () => {
  const flow = scenario('./forward.js', { customData: TARGET });
  const caller = await flow.callsIn(CALLER);
  const target = await flow.called();
  target.rings();
  caller.hangsUp();
  await target.ended({ code: 487 });
  await flow.ended();
});

test('a target who never answers is given up after a minute', async () => {
  const flow = scenario('./forward.js', { customData: TARGET });
  const caller = await flow.callsIn(CALLER);
  (await flow.called()).rings();
  await caller.ended({ within: 61_000, code: 408 });
  await flow.ended();
});

test('a rule without a target says so in the log', async () => {
  const flow = scenario('./forward.js');
  const caller = await flow.callsIn(CALLER);
  await caller.ended({ code: 480 });
  expect(flow.log).toContain(
    'forward: set the customData of the rule to the number to call, e.g. +4930123456',
  );
  await flow.ended();
});
