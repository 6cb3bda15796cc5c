import { describe, expect, it } from 'vitest';
import { verify } from '../events/sign.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { seededRandom } from '../kernel/seeded-random.ts';
import { settle, VirtualClock } from '../kernel/virtual-clock.ts';
import { Backend } from './backend.ts';
import { Intercept } from './intercept.ts';
import type { BackendHttp, KeptAnswer, PullAnswer, PullAnswerStore } from './ports.ts';
import { Pull } from './pull.ts';
import { APPLICATION, party, person, service, session } from './test-support/resolution-model.ts';
import type { InterceptRules, PullRules, Question } from './types.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const RULES: PullRules = {
  url: 'https://backend.example/pull',
  timeoutMs: 1_000,
  freshSeconds: 5,
  staleSeconds: 60,
  downSeconds: 3_600,
  numbers: false,
};
const QUESTION: Question = {
  applicationId: APPLICATION,
  caller: person(1),
  dialled: service(0),
  extension: undefined,
  chosen: undefined,
  callId: 'call-1',
};

type Reply = Awaited<ReturnType<BackendHttp['post']>>;
const json = (status: number, document: unknown): Reply => ({
  status,
  body: Buffer.from(JSON.stringify(document)),
});
const connectTo = (index: number): Reply =>
  json(200, { action: 'connect', to: `+7903555${String(index).padStart(4, '0')}` });
const DOWN: Reply = { status: 0, error: 'no answer within 1 s' };

/** A backend and what is kept of its answers; `restart` is a new process on the same database. */
function world() {
  const clock = new VirtualClock();
  const rows = new Map<string, KeptAnswer>();
  const sent: { readonly headers: Record<string, string>; readonly body: string; readonly url: string }[] =
    [];
  let databaseIsDown = false;
  const row = <T>(change: () => T): Promise<T> =>
    databaseIsDown ? Promise.reject(new Error('down')) : Promise.resolve(change());
  const answers: PullAnswerStore = {
    read: (_application, question) => row(() => rows.get(question)),
    write: (_application, question, { answer, fetchedAt }) =>
      row(() => void rows.set(question, { answer, fetchedAt })),
    remove: (_application, question) => row(() => void rows.delete(question)),
  };
  const people = {
    token: async () => 'per_caller',
    numberOf: async (_application: string, token: string) => (token === 'per_known' ? person(7) : undefined),
  };
  const start = () => {
    const backend = new Backend({
      http: {
        post: async ({ url, headers, body }) => {
          sent.push({ url, headers: Object.fromEntries(headers), body });
          return await world.reply();
        },
      },
      secrets: { current: async () => [SECRET], rotate: async () => SECRET },
      clock,
      random: seededRandom(sent.length + 1),
    });
    return {
      backend,
      pull: new Pull(backend, { answers, people }, clock),
      intercept: new Intercept(backend, people),
    };
  };
  let node = start();
  const world = {
    clock,
    rows,
    sent,
    reply: async (): Promise<Reply> => connectTo(2),
    ask: (
      question: Partial<Question> = {},
      rules: Partial<PullRules> = {},
      mode: 'call' | 'cached' | 'probe' = 'call',
    ) => node.pull.ask({ ...QUESTION, ...question }, { ...RULES, ...rules }, [], mode),
    get node() {
      return node;
    },
    restart: () => {
      node = start();
    },
    loseDatabase: () => {
      databaseIsDown = true;
    },
  };
  return world;
}

const to = (answer: PullAnswer): PhoneNumber | string =>
  answer.kind === 'connect' ? answer.to : answer.kind;

describe('what a backend is asked', () => {
  it('is signed, and names the caller by token alone unless the policy says otherwise', async () => {
    const at = world();
    await at.ask();
    const [request] = at.sent;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'masking.pull',
      applicationId: APPLICATION,
      callId: 'call-1',
      dialled: '+74957770000',
      caller: { token: 'per_caller' },
      extension: null,
      sessions: [],
    });
    expect(verify(request?.headers ?? {}, request?.body ?? '', [SECRET], at.clock.now())).toBe(true);
    expect(request?.url).toBe(RULES.url);
    await at.ask({ caller: person(3), extension: '12' }, { numbers: true });
    expect(JSON.parse(at.sent[1]?.body ?? '')).toMatchObject({
      caller: { token: 'per_caller', number: '+79035550003' },
      extension: '12',
    });
    expect(at.sent[0]?.headers['webhook-id']).not.toBe(at.sent[1]?.headers['webhook-id']);
  });

  it('names the sessions that the caller could mean', async () => {
    const at = world();
    at.reply = async () => json(200, { action: 'session', session: 'ms_2' });
    const sessions = ['ms_1', 'ms_2'].map((id) =>
      session(id, [party('a', person(1), service(0)), party('b', person(2), service(0))], {
        externalId: `order ${id}`,
      }),
    );
    expect(await at.node.pull.ask(QUESTION, RULES, sessions, 'call')).toEqual({
      kind: 'session',
      sessionId: 'ms_2',
    });
    expect(JSON.parse(at.sent[0]?.body ?? '')).toMatchObject({
      sessions: [
        { id: 'ms_1', externalId: 'order ms_1' },
        { id: 'ms_2', externalId: 'order ms_2' },
      ],
    });
  });

  it('may be answered with a token', async () => {
    const at = world();
    at.reply = async () => json(200, { action: 'connect', to: 'per_known' });
    expect(to(await at.ask())).toEqual(person(7));
    at.reply = async () => json(200, { action: 'connect', to: 'per_unknown' });
    expect(await at.ask({ caller: person(4) })).toEqual({
      kind: 'failed',
      why: 'nobody has the token that it named',
    });
  });
});

describe('what is kept of its answers', () => {
  it('is used fresh without asking, stale while it is asked, and older after it was', async () => {
    const at = world();
    expect(to(await at.ask())).toEqual(person(2));
    at.reply = async () => connectTo(3);
    await at.clock.advance(5_000);
    expect(to(await at.ask())).toEqual(person(2));
    expect(at.sent).toHaveLength(1);
    await at.clock.advance(1);
    expect(to(await at.ask())).toEqual(person(2));
    await at.node.pull.settled();
    expect(at.sent).toHaveLength(2);
    expect(to(await at.ask())).toEqual(person(3));
    at.reply = async () => connectTo(4);
    await at.clock.advance(65_001);
    expect(to(await at.ask())).toEqual(person(4));
  });

  it('connects known pairs while the backend is down, also after a restart, for as long as the policy says', async () => {
    const at = world();
    await at.ask();
    at.reply = async () => DOWN;
    at.restart();
    await at.clock.advance(3_600_000);
    expect(to(await at.ask())).toEqual(person(2));
    expect(await at.ask({ caller: person(5) })).toEqual({ kind: 'failed', why: 'no answer within 1 s' });
    await at.clock.advance(1);
    expect(to(await at.ask())).toBe('failed');
  });

  it('is removed by any other word of the backend', async () => {
    for (const other of [
      json(404, {}),
      json(200, { action: 'reject' }),
      json(200, { action: 'ask-extension' }),
    ]) {
      const at = world();
      await at.ask();
      at.reply = async () => other;
      await at.clock.advance(6_000);
      // Stale: used once more, and gone behind the call.
      expect(to(await at.ask())).toEqual(person(2));
      await at.node.pull.settled();
      expect(at.rows.size).toBe(0);
      at.reply = async () => DOWN;
      expect(to(await at.ask())).toBe('failed');
    }
  });

  it('is of one question: another caller, number, extension or backend is asked about', async () => {
    const at = world();
    await at.ask();
    await at.ask({ caller: person(3) });
    await at.ask({ dialled: service(1) });
    await at.ask({ extension: '12' });
    await at.ask({}, { url: 'https://other.example/' });
    expect(at.sent).toHaveLength(5);
    await at.ask();
    expect(at.sent).toHaveLength(5);
  });

  it('is used by who explains; a probe asks, and leaves it alone', async () => {
    const at = world();
    expect((await at.ask({}, {}, 'cached')).kind).toBe('not-asked');
    expect(to(await at.ask({}, {}, 'probe'))).toEqual(person(2));
    expect(at.rows.size).toBe(0);
    await at.ask();
    expect(to(await at.ask({}, {}, 'cached'))).toEqual(person(2));
    at.reply = async () => connectTo(3);
    expect(to(await at.ask({}, {}, 'probe'))).toEqual(person(3));
    expect(to(await at.ask())).toEqual(person(2));
  });

  it('is no reason to fail a call when the database is away', async () => {
    const at = world();
    at.loseDatabase();
    expect(to(await at.ask())).toEqual(person(2));
    // From memory.
    expect(to(await at.ask())).toEqual(person(2));
    expect(at.sent).toHaveLength(1);
  });

  it('is not trusted when it comes from the future', async () => {
    const at = world();
    await at.ask();
    const [[question, kept]] = [...at.rows] as [[string, KeptAnswer]];
    at.rows.set(question, { ...kept, fetchedAt: at.clock.now() + 60_000 });
    at.restart();
    at.reply = async () => connectTo(3);
    expect(to(await at.ask())).toEqual(person(3));
  });
});

describe('a backend in trouble', () => {
  it('is asked once for the same question at the same time', async () => {
    const at = world();
    const { promise, resolve } = Promise.withResolvers<Reply>();
    at.reply = () => promise;
    const all = Promise.all(Array.from({ length: 20 }, () => at.ask()));
    await settle();
    expect(at.sent).toHaveLength(1);
    resolve(connectTo(2));
    expect((await all).map(to)).toEqual(Array.from({ length: 20 }, () => person(2)));
  });

  it('is not waited for after five failures in a row, and tried by one call every ten seconds', async () => {
    const at = world();
    at.reply = async () => DOWN;
    const stranger = (index: number) => at.ask({ caller: person(100 + index) });
    for (let index = 0; index < 8; index++) await stranger(index);
    expect(at.sent).toHaveLength(5);
    expect(await stranger(9)).toEqual({
      kind: 'failed',
      why: 'not asked: it has failed several times in a row',
    });
    await at.clock.advance(10_000);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    at.reply = () => promise;
    const probe = stranger(10);
    await settle();
    expect(at.sent).toHaveLength(6);
    expect((await stranger(11)).kind).toBe('failed');
    expect(at.sent).toHaveLength(6);
    resolve(connectTo(2));
    expect(to(await probe)).toEqual(person(2));
    at.reply = async () => connectTo(3);
    expect(to(await stranger(12))).toEqual(person(3));
  });

  it('has its failures told from its answers', async () => {
    const at = world();
    const replies: Reply[] = [500, 503, 429, 408, 502].map((status) => json(status, {}));
    for (const [index, reply] of replies.entries()) {
      at.reply = async () => reply;
      expect(await at.ask({ caller: person(50 + index) })).toEqual({
        kind: 'failed',
        why: `it answered ${reply.status}`,
      });
    }
    at.reply = async () => connectTo(2);
    expect((await at.ask()).kind).toBe('failed');
    // Nonsense is an answer: it does not open the circuit.
    const other = world();
    other.reply = async () => json(200, { action: 'dance' });
    for (let index = 0; index < 9; index++) await other.ask({ caller: person(60 + index) });
    expect(other.sent).toHaveLength(9);
  });

  it('is another one at another URL, or of another application', async () => {
    const at = world();
    at.reply = async () => DOWN;
    for (let index = 0; index < 6; index++) await at.ask({ caller: person(70 + index) });
    at.reply = async () => connectTo(2);
    expect(to(await at.ask({}, { url: 'https://other.example/' }))).toEqual(person(2));
    expect(to(await at.ask({ applicationId: 'other' }))).toEqual(person(2));
    expect((await at.ask()).kind).toBe('failed');
  });
});

describe('the intercept hook', () => {
  const HOOK: InterceptRules = { url: 'https://backend.example/hook', timeoutMs: 500, whenSilent: 'refuse' };
  const decision = {
    kind: 'connect',
    sessionId: 'ms_1',
    callees: [{ number: person(2), show: service(0), partyId: 'b', announcement: undefined }],
    ...{
      greeting: undefined,
      ringSeconds: undefined,
      maxCallSeconds: undefined,
      record: false,
      transcribe: false,
    },
    ...{ language: 'en-US', callerPartyId: 'a' },
  } as const;

  it('is told ids and tokens, signed, and no number', async () => {
    const at = world();
    at.reply = async () => ({ status: 204, body: new Uint8Array() });
    expect(await at.node.intercept.ask(QUESTION, decision, HOOK)).toEqual({ kind: 'allow' });
    const { body = '', headers = {} } = at.sent[0] ?? {};
    expect(JSON.parse(body)).toEqual({
      type: 'masking.intercept',
      applicationId: APPLICATION,
      callId: 'call-1',
      sessionId: 'ms_1',
      caller: { token: 'per_caller', partyId: 'a' },
      callees: [{ token: 'per_caller', partyId: 'b' }],
    });
    expect(verify(headers, body, [SECRET], at.clock.now())).toBe(true);
  });

  it.each([
    [json(200, { allow: true }), 'allow'],
    [json(200, { allow: false }), 'veto'],
    [json(403, {}), 'veto'],
    [json(200, {}), 'silent'],
    [json(200, { allow: 'no' }), 'silent'],
    [json(200, 'allow'), 'silent'],
    [{ status: 200, body: Buffer.from('yes') }, 'silent'],
    [json(302, {}), 'silent'],
    [json(500, {}), 'silent'],
    [DOWN, 'silent'],
  ] as const)('answers %j: %s', async (reply, kind) => {
    const at = world();
    at.reply = async () => reply;
    expect((await at.node.intercept.ask(QUESTION, decision, HOOK)).kind).toBe(kind);
  });
});
