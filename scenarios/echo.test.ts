import { expect, scenario, test } from 'maskline/scenario-test';

test('the caller hears what the caller says, until hanging up', async () => {
  const flow = scenario('./echo.js');
  const caller = await flow.callsIn({ from: '+447700900101', to: '+442079460123' });
  await caller.connected();
  expect(caller.hears).toBe(caller);
  caller.hangsUp();
  await flow.ended();
});
