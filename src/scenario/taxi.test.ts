/** The product's own story, in the two styles that scripts are written in, against a backend that the test plays. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FakeCall } from './test-support/fake-calls.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`./test-support/fixtures/${name}.js`, import.meta.url), 'utf8');
const shipped = (name: string): string =>
  readFileSync(new URL(`../../scenarios/${name}.js`, import.meta.url), 'utf8');

async function dialIn(
  script: string,
  customData = 'http://backend',
): Promise<{ kit: SessionKit; driver: FakeCall }> {
  const kit = await SessionKit.create();
  const driver = kit.calls.ring({ ...route(script), customData });
  await turns();
  return { kit, driver };
}

async function ended(kit: SessionKit): Promise<void> {
  await turns();
  if (kit.service.activeSessions > 0) await kit.advance(130_000);
  kit.expectNothingLeft();
}

it('the taxi scenario has at most 25 lines', () => {
  expect(fixture('taxi-async').trim().split('\n').length).toBeLessThanOrEqual(25);
});

describe.each(['taxi-async', 'taxi-callbacks'])('%s', (name) => {
  it('asks whom, calls with the service number, connects and records', async () => {
    const { kit, driver } = await dialIn(fixture(name));
    const [question] = kit.http.requests;
    expect(question).toMatchObject({
      method: 'POST',
      url: 'http://backend/whom',
      body: '{"caller":"+79120000001"}',
    });
    await kit.http.answer(200, '{"passenger":"+79120000002"}');
    const [passenger] = kit.calls.dialled;
    expect(passenger?.request).toMatchObject({
      target: { kind: 'pstn', number: '+79120000002' },
      callerid: '+74950000001',
      applicationId: 'taxi',
      maxForwards: 59,
    });
    await passenger?.connect();
    await turns();
    expect(driver.said).toEqual(['answer']);
    await driver.connect();
    await turns();
    const [media] = kit.media.sessions;
    if (driver.leg === undefined || passenger?.leg === undefined) throw new Error('no legs');
    expect([media?.hears(driver.leg, passenger.leg), media?.hears(passenger.leg, driver.leg)]).toEqual([
      true,
      true,
    ]);
    expect(media?.recorders.map(({ channels }) => channels)).toEqual([2]);
    driver.peerEnds();
    await turns();
    expect(passenger.said).toEqual(['hangup']);
    expect(kit.recordings).toHaveLength(1);
    await ended(kit);
    expect(kit.ended[0]?.error).toBeUndefined();
  });

  it.each([404, 500])('gives up when the backend answers %i', async (code) => {
    const { kit, driver } = await dialIn(fixture(name));
    await kit.http.answer(code, 'no');
    expect(driver.said).toEqual(['reject 503']);
    expect(kit.logs.some((line) => line.includes(`backend answered ${code}`))).toBe(true);
    await ended(kit);
  });

  it('gives up when the backend is down or answers nonsense', async () => {
    const down = await dialIn(fixture(name));
    await down.kit.http.fail('connect ECONNREFUSED');
    expect(down.driver.said).toEqual(['reject 503']);
    await ended(down.kit);
    const nonsense = await dialIn(fixture(name));
    await nonsense.kit.http.answer(200, '<html>');
    // Caught by the one script, an exception that ends the other: the caller is refused in both.
    expect(nonsense.driver.said).toEqual([name === 'taxi-async' ? 'reject 503' : 'reject 500']);
    await ended(nonsense.kit);
  });

  it('[row 40] the driver hangs up while the backend is asked: nobody is called', async () => {
    const { kit, driver } = await dialIn(fixture(name));
    driver.peerEnds(487);
    await turns();
    await kit.http.answer(200, '{"passenger":"+79120000002"}');
    await ended(kit);
    expect(kit.calls.dialled.filter(({ state }) => state !== 'TERMINATED')).toEqual([]);
  });

  it('a passenger who is busy: the driver gets busy', async () => {
    const { kit, driver } = await dialIn(fixture(name));
    await kit.http.answer(200, '{"passenger":"+79120000002"}');
    kit.calls.dialled[0]?.peerEnds(486);
    await turns();
    expect(driver.said).toEqual(['reject 486']);
    await ended(kit);
  });
});

describe('shipped scenarios', () => {
  it('echo sends the caller back to the caller', async () => {
    const { kit, driver } = await dialIn(shipped('echo'));
    await driver.connect();
    await turns();
    if (driver.leg === undefined) throw new Error('no leg');
    expect(kit.media.sessions[0]?.hears(driver.leg, driver.leg)).toBe(true);
    driver.peerEnds();
    await ended(kit);
  });

  it('forward calls the number of the rule and shows the service number', async () => {
    const { kit, driver } = await dialIn(shipped('forward'), '+79120000009');
    const [leg] = kit.calls.dialled;
    expect(leg?.request).toMatchObject({ target: { number: '+79120000009' }, callerid: '+74950000001' });
    leg?.peerEnds(480);
    await turns();
    expect(driver.said).toEqual(['reject 480']);
    await ended(kit);
  });

  it('forward says what is missing when the rule has no number', async () => {
    const { kit, driver } = await dialIn(shipped('forward'), '');
    expect(driver.said).toEqual(['reject 480']);
    expect(kit.logs[0]).toMatch(/customData/);
    await ended(kit);
  });
});
