import { expect, type Flow, scenario, type TestSession, test } from 'maskline/scenario-test';

const SERVICE = '+442079460123';
const SECOND = '+442079460456';
const DRIVER = '+447700900101';
const CLIENT = '+447700900202';
const OTHER = '+447700900303';
const OPERATOR = 'operator';

const ORDER: TestSession = {
  number: SERVICE,
  parties: [
    { number: DRIVER, role: 'driver' },
    { number: CLIENT, role: 'client', label: 'order 17' },
  ],
};

function open(...sessions: TestSession[]): Flow {
  const flow = scenario('./masking.js', { numbers: [SERVICE, SECOND] });
  for (const session of sessions) flow.masking.session(session);
  return flow;
}

/** Nothing that scripts are told, and nothing that they log, holds the number of whoever is called. */
function neverTold(flow: Flow, number: string): void {
  const told = flow.events.filter((event) => event.type !== 'call-alerting');
  expect(JSON.stringify(told)).not.toContain(number.slice(4));
  expect(flow.log.join('\n')).not.toContain(number.slice(4));
}

test('the two talk, both ways; each sees the service number, and the script sees neither', async () => {
  const flow = open(ORDER);
  for (const [from, to] of [
    [DRIVER, CLIENT],
    [CLIENT, DRIVER],
  ] as const) {
    const caller = await flow.callsIn({ from, to: SERVICE });
    const callee = await flow.called();
    expect(callee.to).toBe(to);
    expect(callee.shownNumber).toBe(SERVICE);
    callee.rings();
    await caller.ringing();
    callee.answers();
    await caller.connected();
    expect(caller.hears).toBe(callee);
    expect(callee.hears).toBe(caller);
    await flow.advance(20_000);
    caller.hangsUp();
    await callee.ended({ code: 200 });
    neverTold(flow, to);
  }
  await flow.ended();
  expect(flow.masking.calls).toMatchObject([
    { answered: true, seconds: 20, status: 200 },
    { answered: true, seconds: 20, status: 200 },
  ]);
});

test('axyb: each sees the number that it would dial itself', async () => {
  const flow = open({
    number: SERVICE,
    mode: 'axyb',
    parties: [{ number: DRIVER }, { number: CLIENT, serviceNumber: SECOND }],
  });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  expect(client.shownNumber).toBe(SECOND);
  client.rejects(486);
  await driver.ended({ code: 486 });
});

test('axn: anyone reaches the first party, who reaches the last caller', async () => {
  const flow = open({ number: SERVICE, mode: 'axn', parties: [{ number: DRIVER }] });
  const anyone = await flow.callsIn({ from: OTHER, to: SERVICE });
  const driver = await flow.called();
  expect(driver.to).toBe(DRIVER);
  driver.answers();
  await anyone.connected();
  anyone.hangsUp();
  await driver.ended();

  const back = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const called = await flow.called();
  expect(called.to).toBe(OTHER);
  neverTold(flow, OTHER);
  back.hangsUp();
  await called.ended({ code: 487 });
  await flow.ended();
});

test('axg: the group is called one after the other, and each hears its own announcement', async () => {
  const flow = open({
    number: SERVICE,
    mode: 'axg',
    parties: [{ number: CLIENT }, { number: DRIVER }, { number: OTHER, announcement: 'A customer calls.' }],
  });
  const client = await flow.callsIn({ from: CLIENT, to: SERVICE });
  (await flow.called()).rejects(486);
  const second = await flow.called();
  expect(second.to).toBe(OTHER);
  second.rings().answers();
  await second.hearing('says: A customer calls.');
  expect(client.state).toBe('ringing');
  await client.connected();
  expect(client.hears).toBe(second);
  second.hangsUp();
  await client.ended();
  await flow.ended();
});

test('axg: a caller for whom the first has rung in vain is answered, so that there is time for the others', async () => {
  const flow = open({
    number: SERVICE,
    mode: 'axg',
    parties: [{ number: CLIENT }, { number: DRIVER }, { number: OTHER }],
    rules: { ringSeconds: 40 },
  });
  const client = await flow.callsIn({ from: CLIENT, to: SERVICE });
  (await flow.called()).rings();
  await client.ringing();
  const second = await flow.called({ within: 41_000 });
  second.rings();
  await client.hearing(/^tone: ringback/);
  expect(client.state).toBe('connected');
  await flow.advance(30_000);
  second.answers();
  await client.hearing(second);
  client.hangsUp();
  await second.ended();
  await flow.ended();
});

test('a greeting is heard before the other side rings, without an answered call', async () => {
  const flow = open({ ...ORDER, greeting: { play: 'https://shop.example/hello.wav' } });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing('plays: https://shop.example/hello.wav');
  expect(flow.calledPhones).toHaveLength(0);
  const client = await flow.called({ within: 60_000 });
  expect(driver.state).toBe('waiting');
  client.rings();
  await driver.hearing(/^tone: ringback US/);
  client.answers();
  await driver.connected();
  driver.hangsUp();
  await client.ended();
  await flow.ended();
});

test('[row 31] of two who call at once for the last call of a session, one is told that it is not to be had', async () => {
  const flow = open({ ...ORDER, mode: 'axn', parties: [{ number: DRIVER }], rules: { maxCalls: 1 } });
  const first = await flow.callsIn({ from: CLIENT, to: SERVICE });
  const driver = await flow.called();
  const second = await flow.callsIn({ from: OTHER, to: SERVICE });
  await second.hearing('says: This call cannot be connected.');
  await second.ended({ code: 403, within: 20_000 });
  expect(flow.calledPhones).toHaveLength(1);
  expect(flow.masking.events).toMatchObject([{ type: 'call.refused', data: { reason: 'calls-used-up' } }]);
  // Whoever was not answered has not had it.
  driver.rejects(486);
  await first.ended({ code: 486, within: 20_000 });
  const third = await flow.callsIn({ from: OTHER, to: SERVICE });
  const again = await flow.called();
  again.answers();
  await third.hearing(again);
  third.hangsUp();
  await again.ended();
  await flow.ended();
  expect(flow.masking.calls.map(({ answered }) => answered)).toEqual([false, true]);
});

test('axg: somebody of the group who does not answer takes no call from the session', async () => {
  const flow = open({
    number: SERVICE,
    mode: 'axg',
    parties: [{ number: CLIENT }, { number: DRIVER }, { number: OTHER }],
    rules: { maxCalls: 1 },
  });
  const client = await flow.callsIn({ from: CLIENT, to: SERVICE });
  (await flow.called()).rejects(486);
  const second = await flow.called();
  second.answers();
  await client.hearing(second);
  client.hangsUp();
  await second.ended();
  await flow.ended();
});

test('[row 31] an order that ends while its greeting is heard connects nobody', async () => {
  const flow = open();
  const order = flow.masking.session({ ...ORDER, greeting: 'Welcome.' });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing('says: Welcome.');
  flow.masking.close(order);
  await driver.hearing('says: There is no order for this call.');
  await driver.ended({ code: 404, within: 20_000 });
  expect(flow.calledPhones).toHaveLength(0);
  expect(flow.masking.events).toMatchObject([{ type: 'call.refused', data: { reason: 'unknown-caller' } }]);
  await flow.ended();
});

test('[row 31] and the caller hears what the policy says of orders that have ended, not somebody else', async () => {
  const flow = open({ number: SERVICE, parties: [{ number: DRIVER }, { number: OTHER, label: 'order 18' }] });
  const order = flow.masking.session({ ...ORDER, greeting: 'Welcome.' });
  const text = 'That order is finished.';
  flow.masking.policy({ expired: { kind: 'announce', announcement: { kind: 'say', text } } });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing(/^says: For order 17, press 1/);
  await driver.presses('1');
  await driver.hearing('says: Welcome.');
  flow.masking.close(order);
  await driver.hearing(`says: ${text}`);
  await driver.ended({ within: 20_000 });
  expect(flow.calledPhones).toHaveLength(0);
  await flow.ended();
});

test('recorded on two channels, and recognised, when the session says so', async () => {
  const flow = open({ ...ORDER, rules: { record: true, transcribe: true, language: 'ru-RU' } });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  client.answers();
  await driver.connected();
  await flow.advance(3_000);
  expect(flow.recordings.all).toMatchObject([{ channels: 2, transcribe: { language: 'ru-RU' } }]);
  client.hangsUp();
  await driver.ended();
  await flow.ended();
});

test('several orders: the caller is told of them, and chooses; a wrong key is asked again', async () => {
  const flow = open(ORDER, {
    number: SERVICE,
    parties: [{ number: DRIVER }, { number: OTHER, label: 'order 18' }],
  });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing('says: For order 18, press 1. For order 17, press 2.');
  await driver.presses('7');
  await driver.hearing(/^says: That was not right/);
  await driver.presses('2');
  const client = await flow.called();
  expect(client.to).toBe(CLIENT);
  expect(driver.hears).toBe('silence');
  client.rings();
  await driver.hearing(/^tone/);
  client.answers();
  await driver.hearing(client);
  client.hangsUp();
  await driver.ended();
  await flow.ended();
});

test('in Russian, where the policy says so; whoever presses nothing is not connected to anybody', async () => {
  const flow = open(ORDER, {
    number: SERVICE,
    parties: [{ number: DRIVER }, { number: OTHER, label: 'заказ 18' }],
  });
  flow.masking.policy({ language: 'ru-RU' });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing('says: заказ 18: нажмите 1. order 17: нажмите 2.');
  await driver.ended({ within: 120_000 });
  expect(flow.calledPhones).toHaveLength(0);
  expect(flow.sounds.said.at(-1)).toMatchObject({ text: 'Для этого звонка нет заказа.', language: 'ru-RU' });
  await flow.ended();
});

test('who chooses nothing may type an extension, and is asked for neither without end', async () => {
  const other = { number: SERVICE, parties: [{ number: DRIVER }, { number: OTHER, label: 'order 18' }] };
  const desk = {
    number: SERVICE,
    mode: 'extension',
    parties: [{ number: CLIENT, extension: '1234' }],
  } as const;
  const flow = open(ORDER, other, desk);
  const silent = async () => {
    const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
    await driver.hearing(/^says: Please enter the extension/, { within: 120_000 });
    return driver;
  };
  const driver = await silent();
  await driver.presses('1234#');
  const client = await flow.called();
  expect(client.to).toBe(CLIENT);
  client.rejects(486);
  await driver.ended({ within: 60_000 });

  const lost = await silent();
  await lost.ended({ within: 120_000 });
  expect(flow.calledPhones).toHaveLength(1);
  await flow.ended();
});

test('an extension is typed; a wrong one may be corrected, and not for ever', async () => {
  const flow = open({ number: SERVICE, mode: 'extension', parties: [{ number: DRIVER, extension: '1234' }] });
  const caller = await flow.callsIn({ from: OTHER, to: SERVICE });
  await caller.hearing(/^says: Please enter the extension/);
  await caller.presses('99#');
  await caller.hearing(/^says: That was not right/);
  await caller.presses('1234#');
  const driver = await flow.called();
  expect(driver.to).toBe(DRIVER);
  expect(driver.shownNumber).toBe(SERVICE);
  driver.rejects(480);
  await caller.hearing(/^says: Nobody answers/);
  await caller.ended({ within: 30_000 });

  const lost = await flow.callsIn({ from: OTHER, to: SERVICE });
  for (const digits of ['1#', '2#', '3#']) {
    await lost.hearing(/enter the extension/, { within: 20_000 });
    await lost.presses(digits);
  }
  await lost.ended({ within: 30_000 });
  expect(flow.calledPhones).toHaveLength(1);
  await flow.ended();
});

const FAILURES = [
  [486, /busy/],
  [480, /Nobody answers/],
  [603, /Nobody answers/],
  [503, /cannot connect you/],
] as const;
for (const [code, words] of FAILURES)
  test(`a callee who ends with ${code}: the caller is told why, and was not answered`, async () => {
    const flow = open(ORDER);
    const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
    (await flow.called()).rejects(code);
    await driver.hearing(words);
    await driver.ended({ within: 30_000, code });
    await flow.ended();
    expect(flow.masking.calls).toMatchObject([{ answered: false, status: code }]);
  });

test('nobody answers within the ring time-out of the session', async () => {
  const flow = open({ ...ORDER, rules: { ringSeconds: 15 } });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  client.rings();
  await flow.advance(15_000);
  await client.ended({ code: 487 });
  await driver.hearing(/Nobody answers/);
  await driver.ended({ within: 30_000, code: 487 });
  await flow.ended();
});

test('the call ends when it has lasted as long as it may', async () => {
  const flow = open({ ...ORDER, rules: { maxCallSeconds: 60 } });
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  client.answers();
  await driver.connected();
  await client.ended({ within: 61_000, code: 200 });
  await driver.ended({ code: 200 });
  expect(client.end?.durationSeconds).toBe(60);
  await flow.ended();
});

test('blocked, one-way, calls used up: refused politely, and the backend is told why', async () => {
  const flow = open({ ...ORDER, rules: { oneWayFrom: 'driver', maxCalls: 1 } });
  const client = await flow.callsIn({ from: CLIENT, to: SERVICE });
  await client.hearing('says: This call cannot be connected.');
  await client.ended({ code: 403 });

  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  (await flow.called()).answers();
  await driver.connected();
  driver.hangsUp();
  const again = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await again.ended({ code: 403 });

  flow.masking.session({ number: SECOND, parties: [{ number: DRIVER }, { number: OTHER }] });
  flow.masking.block(DRIVER, OTHER);
  const blocked = await flow.callsIn({ from: DRIVER, to: SECOND });
  await blocked.ended({ code: 403 });
  await flow.ended();
  expect(flow.masking.events.map(({ type, data }) => [type, data.reason])).toEqual([
    ['call.refused', 'one-way'],
    ['call.refused', 'calls-used-up'],
    ['call.refused', 'blocked'],
  ]);
});

test('an unknown caller is told so; or hears what the policy says; or reaches an operator', async () => {
  const flow = open(ORDER);
  const first = await flow.callsIn({ from: OTHER, to: SERVICE });
  await first.hearing('says: There is no order for this call.');
  await first.ended({ code: 404 });

  const announcement = { kind: 'say', text: 'Please use the app.', language: 'en-GB' };
  flow.masking.policy({ unknown: { kind: 'announce', announcement } });
  const second = await flow.callsIn({ from: OTHER, to: SERVICE });
  await second.hearing('says: Please use the app.');
  await second.ended({ code: 404 });

  flow.masking.policy({ unknown: { kind: 'operator', user: OPERATOR } });
  const third = await flow.callsIn({ from: OTHER, to: SERVICE });
  const operator = await flow.called();
  expect(operator.to).toBe(OPERATOR);
  operator.answers();
  await third.hearing(operator);
  third.hangsUp();
  await operator.ended();
  await flow.ended();
});

test('a caller whose order is over is promised a call, of which the backend hears', async () => {
  const flow = open({ ...ORDER, rules: { ttlSeconds: 60 } });
  const announcement = { kind: 'say', text: 'We call you back.' };
  flow.masking.policy({ expired: { kind: 'call-back', announcement } });
  await flow.advance(61_000);
  const client = await flow.callsIn({ from: CLIENT, to: SERVICE });
  await client.hearing('says: We call you back.');
  await client.ended({ code: 480 });
  expect(flow.masking.events).toMatchObject([{ type: 'call_back.requested' }]);
  await flow.ended();
});

test('a session that was closed is over at once', async () => {
  const flow = open();
  const id = flow.masking.session(ORDER);
  flow.masking.close(id);
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.ended({ code: 404 });
  await flow.ended();
});

test('whoever was called asks to be left alone, by the keys of the rule', async () => {
  const flow = scenario('./masking.js', { customData: '*9' });
  flow.masking.session(ORDER);
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  client.answers();
  await driver.connected();
  await client.presses('1*9');
  await client.hearing('says: This caller will not reach you again.');
  await client.ended();
  await driver.ended();
  expect(flow.masking.isBlocked(DRIVER, CLIENT)).toBe(true);
  expect(flow.masking.isBlocked(CLIENT, DRIVER)).toBe(false);
  const again = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await again.ended({ code: 403 });
  await flow.ended();
});

test('a database that does not answer: the caller is told, and nobody is called', async () => {
  const flow = open(ORDER);
  flow.masking.fault('the database is away');
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  await driver.hearing(/cannot connect you/);
  await driver.ended({ code: 503 });
  expect(flow.log).toContain('masking: Masking: the database is away');
  await flow.ended();
});

test('a caller who gives up while it rings: nobody is left behind', async () => {
  const flow = open(ORDER);
  const driver = await flow.callsIn({ from: DRIVER, to: SERVICE });
  const client = await flow.called();
  client.rings();
  await driver.ringing();
  driver.hangsUp();
  await client.ended({ code: 487 });
  await flow.ended();
});
