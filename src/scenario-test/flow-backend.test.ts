/** The customer's backend in a flow: what it is asked, what it may answer, and what happens when it does not. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { verify } from '../events/sign.ts';
import { readScript } from '../scenario/script-file.ts';
import { Flow, FlowError } from './flow.ts';

const MASKING = readScript(fileURLToPath(new URL('../../scenarios/masking.js', import.meta.url)));
const PULL = 'https://shop.example/masking';
const VETO = 'https://shop.example/veto';
const SHOP = '+442079460123';
const SECOND = '+442079460456';
const ANNA = '+447700900101';
const COURIER = '+447700900202';
const OTHER = '+447700900303';
const SECONDS = 1_000;

let flow: Flow;
afterEach(() => flow.finish());

function open(policy: Readonly<Record<string, unknown>>): Flow {
  flow = new Flow([MASKING], { numbers: [SHOP, SECOND] });
  flow.masking.policy(policy);
  return flow;
}

describe('pull', () => {
  it('asks by POST, signed, and connects whom the answer names', async () => {
    open({ pull: { url: PULL, numbers: true } });
    flow.http.post(PULL, { json: { action: 'connect', to: COURIER, show: SECOND, record: true } });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    const courier = await flow.called();
    expect([courier.to, courier.shownNumber]).toEqual([COURIER, SECOND]);
    courier.answers();
    await anna.hearing(courier);
    expect(flow.recordings.all).toHaveLength(1);
    const [asked] = flow.http.requests;
    expect(asked?.json).toEqual({
      type: 'masking.pull',
      applicationId: 'test',
      callId: expect.any(String),
      dialled: SHOP,
      caller: { token: expect.stringMatching(/^per_/), number: ANNA },
      extension: null,
      sessions: [],
    });
    expect(verify(asked?.headers ?? {}, asked?.text ?? '', [flow.masking.secret], flow.now)).toBe(true);
    // What scripts are told holds nobody's number but the caller's.
    expect(flow.log.join('\n')).not.toContain(COURIER.slice(4));
    anna.hangsUp();
    await flow.ended();
  });

  it('a function answers what it is asked, digits and tokens included', async () => {
    open({ pull: { url: PULL }, unknown: { kind: 'reject' } });
    flow.masking.session({ number: SECOND, parties: [{ number: COURIER }, { number: OTHER }] });
    let token = '';
    flow.http.post(PULL, ({ json }) => {
      const { extension, caller } = json as { extension: string | null; caller: { token: string } };
      token = caller.token;
      if (extension === null) return { json: { action: 'ask-extension' } };
      return extension === '17' ? { json: { action: 'connect', to: 'per_1' } } : { status: 404 };
    });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    await anna.hearing(/^says: Please enter the extension/);
    await anna.presses('17#');
    const courier = await flow.called();
    expect(courier.to).toBe(COURIER);
    expect(token).not.toBe('per_1');
    courier.rejects(486);
    await anna.ended({ within: 60 * SECONDS });
    await flow.ended();
  });

  it('that does not answer in time is none: known callers are connected all the same, others are told', async () => {
    open({ pull: { url: PULL, timeoutMs: 2_000, freshSeconds: 5, staleSeconds: 0, downSeconds: 600 } });
    flow.http.post(PULL, ({ json }) =>
      (json as { dialled: string }).dialled === SHOP
        ? { json: { action: 'connect', to: COURIER } }
        : { status: 404 },
    );
    const call = async (): Promise<void> => {
      const anna = await flow.callsIn({ from: ANNA, to: SHOP });
      (await flow.called()).answers();
      await anna.connected();
      anna.hangsUp();
      await flow.ended();
    };
    await call();
    flow.http.post(PULL, { after: 3_000, json: { action: 'connect', to: COURIER } });
    await flow.advance(60 * SECONDS);
    await call();
    expect(flow.http.requests).toHaveLength(2);

    const stranger = await flow.callsIn({ from: OTHER, to: SHOP });
    await stranger.hearing('says: There is no order for this call.');
    await stranger.ended({ within: 60 * SECONDS, code: 404 });
    expect(flow.ladder.toString()).toContain(`POST ${PULL}: no answer within 2 s`);
    await flow.ended();
  });

  it('chooses among the orders of a caller', async () => {
    open({ ambiguous: ['pull'], pull: { url: PULL } });
    flow.masking.session({
      number: SHOP,
      externalId: 'order 17',
      parties: [{ number: ANNA }, { number: COURIER }],
    });
    flow.masking.session({
      number: SHOP,
      externalId: 'order 18',
      parties: [{ number: ANNA }, { number: OTHER }],
    });
    flow.http.post(PULL, ({ json }) => {
      const { sessions } = json as { sessions: { id: string; externalId: string }[] };
      const session = sessions.find(({ externalId }) => externalId === 'order 17')?.id;
      return { json: { action: 'session', session } };
    });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    const courier = await flow.called();
    expect(courier.to).toBe(COURIER);
    anna.hangsUp();
    await courier.ended();
    await flow.ended();
  });

  it('that the test has no answer for fails the test, and says who asked', async () => {
    open({ pull: { url: PULL } });
    await expect(flow.callsIn({ from: ANNA, to: SHOP })).rejects.toThrow(
      `The masking service asked POST ${PULL}, and this test has no answer for that.`,
    );
    await expect(flow.callsIn({ from: ANNA, to: SHOP })).rejects.toBeInstanceOf(FlowError);
    await flow.finish(true);
  });
});

describe('intercept', () => {
  const order = { number: SHOP, parties: [{ number: ANNA }, { number: COURIER }] };
  const hook = (more: object = {}) => {
    open({ intercept: { url: VETO, ...more } });
    const session = flow.masking.session(order);
    return session;
  };

  it('is asked before anybody rings, by tokens and ids, and may refuse', async () => {
    const sessionId = hook();
    flow.http.post(VETO, { status: 403 });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    await anna.hearing('says: This call cannot be connected.');
    await anna.ended({ within: 60 * SECONDS, code: 403 });
    expect(flow.calledPhones).toHaveLength(0);
    expect(flow.masking.events).toMatchObject([{ type: 'call.refused', data: { reason: 'vetoed' } }]);
    const [asked] = flow.http.requests;
    expect(asked?.json).toMatchObject({
      ...{ type: 'masking.intercept', sessionId, caller: { token: 'per_1', partyId: 'party-1' } },
      callees: [{ token: 'per_2', partyId: 'party-2' }],
    });
    expect(asked?.text).not.toContain(COURIER.slice(4));
    await flow.ended();
  });

  it('lets a call pass', async () => {
    hook();
    flow.http.post(VETO, { status: 204, after: 500 });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    expect(flow.calledPhones).toHaveLength(0);
    const courier = await flow.called();
    anna.hangsUp();
    await courier.ended();
    await flow.ended();
  });

  it.each([
    ['refuse', 503],
    ['allow', undefined],
  ] as const)('that is silent: %s', async (whenSilent, code) => {
    hook({ whenSilent });
    flow.http.post(VETO, { error: 'connection refused' });
    const anna = await flow.callsIn({ from: ANNA, to: SHOP });
    if (code === undefined) (await flow.called()).rejects(486);
    await anna.ended({ within: 60 * SECONDS, code: code ?? 486 });
    expect(flow.calledPhones).toHaveLength(code === undefined ? 1 : 0);
    await flow.ended();
  });
});
