import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verify } from '../events/sign.ts';
import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/random.ts';
import { readPolicy } from '../masking/policy.ts';
import type { KeptAnswer } from '../masking/ports.ts';
import { APPLICATION, person, ResolutionModel, service } from '../masking/test-support/resolution-model.ts';
import type { Question } from '../masking/types.ts';
import { createResolver, type Resolver } from './resolver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** A customer's backend on this machine, behind a real socket. */
describe('a backend over HTTP', () => {
  let server: Server;
  let url: string;
  let requests: { readonly path: string; readonly verified: boolean }[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const opened: Resolver[] = [];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      requests.push({
        path: request.url ?? '',
        verified: verify(request.headers, body, [SECRET], Date.now()),
      });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/maskline`;
  });
  beforeEach(() => {
    requests = [];
  });
  afterAll(async () => {
    for (const resolver of opened) resolver.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function resolver(httpAllow: readonly string[], timeoutMs = 2_000) {
    const model = new ResolutionModel(systemClock);
    model.policyNow = readPolicy({ pull: { url, timeoutMs } });
    const rows = new Map<string, KeptAnswer>();
    const made = createResolver({
      store: model,
      answers: {
        read: async (_application, question) => rows.get(question),
        write: async (_application, question, kept) => void rows.set(question, kept),
        remove: async (_application, question) => void rows.delete(question),
      },
      secrets: { current: async () => [SECRET], rotate: async () => SECRET },
      numbers: model,
      httpAllow,
      clock: systemClock,
      random: systemRandom,
    });
    opened.push(made);
    const question: Question = {
      ...{ applicationId: APPLICATION, caller: person(1), dialled: service(0), callId: 'call' },
      ...{ extension: undefined, chosen: undefined },
    };
    return async () => {
      const { decision, steps } = await made.resolve(question);
      return { decision, pull: steps.find(({ step }) => step === 'pull')?.detail };
    };
  }

  it('gets signed questions and connects', async () => {
    answer = (_request, response) => response.end('{"action":"connect","to":"+79035550009"}');
    const { decision } = await resolver(['127.0.0.0/8'])();
    expect(decision).toMatchObject({ kind: 'connect', callees: [{ number: person(9), show: service(0) }] });
    expect(requests).toEqual([{ path: '/maskline', verified: true }]);
  });

  it('is not reached at a private address that the settings do not name', async () => {
    const { decision, pull } = await resolver([])();
    expect(decision.kind).toBe('reject');
    expect(pull).toContain('private address');
    expect(requests).toEqual([]);
  });

  it('cannot send the question on to somebody else', async () => {
    answer = (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end();
    const { pull } = await resolver(['127.0.0.0/8'])();
    expect(pull).toContain('redirects');
    expect(requests.map(({ path }) => path)).toEqual(['/maskline']);
  });

  it('is not waited for longer than the policy says', async () => {
    answer = () => undefined;
    const { decision, pull } = await resolver(['127.0.0.0/8'], 100)();
    expect(decision.kind).toBe('reject');
    expect(pull).toContain('no answer within 0.1 s');
  });

  it('is not listened to without end', async () => {
    answer = (_request, response) => response.end(`{"action":"reject","x":"${'x'.repeat(70_000)}"}`);
    expect((await resolver(['127.0.0.0/8'])()).pull).toContain('larger than 64 kB');
  });

  it('may hang up', async () => {
    answer = (request) => request.socket.destroy();
    expect((await resolver(['127.0.0.0/8'])()).decision.kind).toBe('reject');
  });
});
