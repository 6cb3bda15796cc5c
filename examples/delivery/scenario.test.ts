// The call flow without phones, network and backend: `maskline scenario test examples/delivery`.
import { expect, type Flow, scenario, test } from 'maskline/scenario-test';

const BACKEND = 'http://127.0.0.1:8091';
const SERVICE = '+442079460456';
const CUSTOMER = '+447700900303';
const PROMPT = `${BACKEND}/prompts/confirm.wav`;

function delivery(): Flow {
  const flow = scenario('./scenario.js', {
    customData: { parcel: 'P-1', phone: CUSTOMER, show: SERVICE, backend: BACKEND },
    numbers: [SERVICE],
  });
  flow.sounds.file(PROMPT, { seconds: 4 });
  flow.http.post(`${BACKEND}/parcels/P-1/confirm`, { status: 204 });
  return flow;
}

test('the customer hears the question, presses 1, and the backend is told', async () => {
  const flow = delivery();
  await flow.starts();
  const customer = await flow.called({ name: 'customer' });
  expect(customer.to).toBe(CUSTOMER);
  expect(customer.shownNumber).toBe(SERVICE);
  customer.answers();
  await customer.hearing(`plays: ${PROMPT}`);
  await customer.presses('1');
  await customer.ended({ code: 200 });
  expect(flow.http.requests).toMatchObject([{ method: 'POST', url: `${BACKEND}/parcels/P-1/confirm` }]);
  await flow.ended();
});

test('another key changes nothing; ten seconds after the question the call is over', async () => {
  const flow = delivery();
  await flow.starts();
  const customer = await flow.called();
  customer.answers();
  await customer.connected();
  await customer.presses('5');
  await customer.ended({ within: 15_000 });
  expect(customer.end?.durationSeconds).toBe(14);
  expect(flow.http.requests).toEqual([]);
  await flow.ended();
});

test('nobody answers', async () => {
  const flow = delivery();
  await flow.starts();
  (await flow.called()).rings();
  await flow.ended({ within: 61_000 });
});
