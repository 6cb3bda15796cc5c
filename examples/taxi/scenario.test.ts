// The whole service without phones, network and backend: `maskline scenario test examples/taxi`.
import { expect, type Flow, scenario, test } from 'maskline/scenario-test';

const BACKEND = 'http://127.0.0.1:8090';
const SERVICE = '+442079460123';
const DRIVER = '+447700900101';
const PASSENGER = '+447700900202';
const MENU_EN = 'Press 1 to talk to your driver, or 2 for an operator. To hear this again, press star.';

/** The rule's scripts, and a backend with one order. */
function taxi(order: { language?: 'en' | 'ru'; onShift?: boolean } = {}): Flow {
  const { language, onShift = true } = order;
  const flow = scenario(['./words.js', './menu.js', './scenario.js'], {
    customData: BACKEND,
    users: ['operator'],
  });
  flow.http.post(`${BACKEND}/calls/route`, ({ json }) => {
    const { caller } = json as { caller: string };
    const known = { order: '4711', language, onShift };
    if (caller === DRIVER) return { json: { ...known, role: 'driver', connect: PASSENGER } };
    if (caller === PASSENGER) return { json: { ...known, role: 'passenger', connect: DRIVER } };
    return { status: 404, json: { error: 'no active order' } };
  });
  return flow;
}

test('the driver reaches the passenger, who sees the service number; both sides are recorded', async () => {
  const flow = taxi();
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE, name: 'driver' });
  const passenger = await flow.called({ name: 'passenger' });
  expect(flow.http.requests.map(({ json }) => json)).toEqual([{ caller: DRIVER, dialled: SERVICE }]);
  expect(passenger.to).toBe(PASSENGER);
  expect(passenger.shownNumber).toBe(SERVICE);

  passenger.rings().answers();
  await driver.connected();
  expect(driver.hears).toBe(passenger);
  expect(passenger.hears).toBe(driver);
  await flow.advance(30_000);
  expect(flow.recordings.all).toMatchObject([{ of: 'driver', channels: 2 }]);

  driver.hangsUp();
  await flow.ended();
  expect(flow.recordings.all[0]?.seconds).toBe(30);
});

test('the passenger presses 1 and reaches the driver', async () => {
  const flow = taxi();
  const passenger = await flow.callsIn({ from: PASSENGER, to: SERVICE, name: 'passenger' });
  await passenger.hearing(`says:  ${MENU_EN}`);
  await passenger.presses('1');
  const driver = await flow.called({ name: 'driver' });
  expect(passenger.hears).toBe('tone: ringback GB');
  expect(driver.to).toBe(DRIVER);
  expect(driver.shownNumber).toBe(SERVICE);
  driver.answers();
  await passenger.hearing(driver);
  expect(driver.hears).toBe(passenger);
  driver.hangsUp();
  await passenger.ended({ code: 200 });
  await flow.ended();
});

test('in Russian: a wrong key, no key, once more, then the operator', async () => {
  const flow = taxi({ language: 'ru' });
  const passenger = await flow.callsIn({ from: PASSENGER, to: SERVICE, name: 'passenger' });
  await passenger.hearing(/Чтобы поговорить с водителем/);
  await passenger.presses('7');
  await passenger.hearing(/^says: Такого пункта нет/);
  await passenger.hearing(/^says: Вы ничего не нажали/, { within: 60_000 });
  await passenger.presses('*');
  await passenger.hearing(/Чтобы поговорить/);
  await passenger.presses('2');
  const operator = await flow.called({ name: 'operator' });
  expect(operator.to).toBe('operator');
  expect(operator.shownNumber).toBe(SERVICE);
  operator.answers();
  await passenger.hearing(operator);
  passenger.hangsUp();
  await operator.ended();
  await flow.ended();
  expect(flow.sounds.said.every(({ language }) => language === 'ru-RU')).toBe(true);
});

test('who presses nothing gets the operator in the end', async () => {
  const flow = taxi();
  await flow.callsIn({ from: PASSENGER, to: SERVICE });
  const operator = await flow.called({ within: 60_000 });
  expect(operator.to).toBe('operator');
  operator.answers();
  await operator.connected();
  operator.hangsUp();
  await flow.ended();
});

test('a driver who does not answer: the menu again', async () => {
  const flow = taxi();
  const passenger = await flow.callsIn({ from: PASSENGER, to: SERVICE });
  await passenger.hearing(/Press 1/);
  await passenger.presses('1');
  (await flow.called()).rejects(486);
  await passenger.hearing(/^says: Nobody answers\. Press 1/);
  passenger.hangsUp();
  await flow.ended();
});

test('the driver is off shift: a call is promised, and the backend keeps it', async () => {
  const flow = taxi({ onShift: false });
  flow.http.post(`${BACKEND}/promises`, { status: 201, json: { id: 1 } });
  const passenger = await flow.callsIn({ from: PASSENGER, to: SERVICE });
  await passenger.hearing(/Your driver is not at work now/);
  await passenger.presses('1');
  await passenger.hearing('says: We will call you as soon as your driver is back. Goodbye.');
  await passenger.ended({ code: 200 });
  expect(flow.http.requests.at(-1)).toMatchObject({ json: { order: '4711', service: SERVICE } });
  expect(flow.calledPhones).toEqual([]);
  await flow.ended();
});

const PROMISE = {
  promise: 1,
  driver: DRIVER,
  passenger: PASSENGER,
  service: SERVICE,
  language: 'en',
  backend: BACKEND,
};

test('the promise is kept: the driver presses 1, and the two are joined', async () => {
  const flow = scenario('./call-back.js', { customData: PROMISE, numbers: [SERVICE] });
  flow.http.post(`${BACKEND}/promises/1`, { json: {} });
  await flow.starts();
  const driver = await flow.called({ name: 'driver' });
  expect(driver.shownNumber).toBe(SERVICE);
  driver.answers();
  await driver.hearing(/Your passenger asked to be called/);
  await driver.presses('1');
  const passenger = await flow.called({ name: 'passenger' });
  expect(passenger.to).toBe(PASSENGER);
  expect(passenger.shownNumber).toBe(SERVICE);
  passenger.answers();
  await driver.hearing(passenger);
  expect(passenger.hears).toBe(driver);
  // Told at once, whatever becomes of the node while they talk; and they may talk longer than the driver was waited for.
  expect(flow.http.requests).toMatchObject([{ json: { result: 'kept' } }]);
  await flow.advance(300_000);
  expect(driver.hears).toBe(passenger);
  passenger.hangsUp();
  await driver.ended();
  await flow.ended();
  expect(flow.http.requests).toHaveLength(1);
});

test('a driver who presses nothing within a minute: the promise waits', async () => {
  const flow = scenario('./call-back.js', { customData: PROMISE, numbers: [SERVICE] });
  flow.http.post(`${BACKEND}/promises/1`, { json: {} });
  await flow.starts();
  const driver = await flow.called();
  driver.answers();
  await driver.ended({ within: 61_000 });
  await flow.ended();
  expect(flow.http.requests).toMatchObject([{ json: { result: 'waiting' } }]);
});

test('a stranger is refused', async () => {
  const flow = taxi();
  const stranger = await flow.callsIn({ from: '+447700900999', to: SERVICE });
  await stranger.ended({ code: 404 });
  expect(flow.calledPhones).toEqual([]);
  await flow.ended();
});

test('a backend that does not answer in time: the caller is told to try later', async () => {
  const flow = scenario(['./words.js', './menu.js', './scenario.js'], { customData: BACKEND });
  flow.http.post(`${BACKEND}/calls/route`, { json: {}, after: 10_000 });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.ended({ within: 6_000, code: 503 });
  expect(flow.log).toContain('the backend answered 0');
  await flow.ended();
});

test('a driver who hangs up while the backend is thinking', async () => {
  const flow = scenario(['./words.js', './menu.js', './scenario.js'], { customData: BACKEND });
  flow.http.post(`${BACKEND}/calls/route`, { json: { connect: PASSENGER }, after: 2_000 });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  driver.hangsUp();
  await flow.ended();
  expect(flow.calledPhones).toEqual([]);
});
