import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallService } from '../../src/call/call-service.ts';
import { phoneSdp } from '../../src/call/test-support/descriptions.ts';
import { FakeDirectory, SERVICE_NUMBER } from '../../src/call/test-support/fake-directory.ts';
import { FakeMediaEngine } from '../../src/call/test-support/fake-media.ts';
import type { Call, DialTarget, HeaderMap } from '../../src/call/types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { SipRequest } from '../../src/sip/message/types.ts';
import type { RawPeer } from '../../src/sip/user-agent/test-support/raw-peer.ts';
import { NOTHING_LEFT, scene } from '../../src/sip/user-agent/test-support/scene.ts';
import { trunk } from '../../src/sip/user-agent/test-support/settings.ts';
import { seededRandom } from '../kit/seeded-random.ts';

const CARRIER_HOST = '198.51.100.1';

/** Everywhere where a script can say a text that may reach SIP. */
interface Said {
  readonly target: DialTarget;
  readonly callerid: string;
  readonly displayName: string;
  readonly headers: HeaderMap;
  readonly mimeType: string;
  readonly body: string;
  readonly code: number;
  /** How the call that came in is treated. */
  readonly treatment: 'answer' | 'reject' | 'hangup';
}

/** Pieces that have broken messages elsewhere (PITFALLS row 20), among ordinary ones. */
const piece = fc.oneof(
  fc.constantFrom(
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\t',
    ' ',
    '\x7f',
    '\x0b',
    '\u0085',
    '\u2028',
    '\ud800',
    '"',
    '\\',
    '<',
    '>',
    ';',
    ',',
    '?',
    '@',
    ':',
    '%0d%0a',
    '%00',
    'X-A: b',
    '\r\nX-Evil: 1',
    '\r\n\r\nINVITE sip:evil@evil.example SIP/2.0\r\n',
    '\nVia: SIP/2.0/UDP evil',
    '\r\nContent-Length: 0\r\n\r\n',
    '+79031112233',
    'ворота',
    'a'.repeat(600),
    '😀',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('anna', 'X-Order', '7'),
);
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
const oftenGood = (good: string) => fc.oneof(fc.constant(good), text);
const header = fc.tuple(
  fc.oneof(
    text,
    text.map((one) => `X-${one}`),
    fc.constantFrom('X-Order', 'Via', 'P-Asserted-Identity'),
  ),
  text,
);
const target: fc.Arbitrary<DialTarget> = fc.oneof(
  oftenGood('+79057654321').map((number) => ({ kind: 'pstn' as const, number })),
  text.map((number) => ({ kind: 'pstn' as const, number: `+7905${number}` })),
  oftenGood('driver').map((username) => ({ kind: 'user' as const, username })),
  fc
    .tuple(
      fc.oneof(
        text,
        text.map((one) => `sip:${one}@${CARRIER_HOST}`),
        text.map((one) => `sip:anna@${CARRIER_HOST};${one}`),
      ),
      text,
      text,
    )
    .map(([uri, username, password]) => ({ kind: 'sip' as const, uri, auth: { username, password } })),
);
const said: fc.Arbitrary<Said> = fc.record({
  target,
  callerid: oftenGood(SERVICE_NUMBER),
  displayName: text,
  headers: fc.array(header, { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs) as HeaderMap),
  mimeType: oftenGood('text/plain'),
  body: text,
  code: fc.oneof(fc.constantFrom(486, 603), fc.double(), fc.integer()),
  treatment: fc.constantFrom('answer', 'reject', 'hangup'),
});

/** Every field that we ever write; `X-` names come from scripts. */
const OURS = new Set(
  'Via Max-Forwards From To Call-ID CSeq Contact Allow Supported Content-Type Content-Length Accept Server User-Agent Session-Expires Min-SE Require Record-Route Route Retry-After Reason Privacy P-Asserted-Identity Authorization Proxy-Authorization RSeq RAck Allow-Events'
    .split(' ')
    .map((name) => name.toLowerCase()),
);

/** The datagram is one message of the form that we meant, to the last byte. */
function expectOneMessage(datagram: string): void {
  const end = datagram.indexOf('\r\n\r\n');
  const [start = '', ...lines] = datagram.slice(0, end).split('\r\n');
  const METHODS = 'INVITE|ACK|BYE|CANCEL|INFO|MESSAGE|OPTIONS';
  expect(start).toMatch(
    new RegExp(`^(?:(?:${METHODS}) sips?:[!-~]+ SIP/2\\.0|SIP/2\\.0 [1-6]\\d\\d [ -~]*)$`),
  );
  for (const line of lines) {
    const name = /^([A-Za-z0-9_-]+): /.exec(line)?.[1] ?? `no field: ${JSON.stringify(line)}`;
    if (!/^X-/i.test(name)) expect(OURS).toContain(name.toLowerCase());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
    expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f]/);
  }
  const names = lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  for (const once of ['from', 'to', 'call-id', 'cseq', 'content-length', 'max-forwards'])
    expect(names.filter((name) => name === once).length).toBeLessThanOrEqual(1);
  const length = Number(/^Content-Length: (\d+)$/m.exec(lines.join('\n'))?.[1]);
  expect(Buffer.byteLength(datagram.slice(end + 4))).toBe(length);
}

async function stageOf() {
  const stage = await scene({
    trunks: [
      trunk({
        allowedSources: ['198.51.100.0/24'],
        country: 'RU',
        outboundAuth: { username: 'us', password: 'secret' },
      }),
    ],
    hosts: { 'carrier.example': [CARRIER_HOST] },
  });
  const engine = new FakeMediaEngine();
  const calls = new CallService({
    userAgent: stage.agent,
    directory: new FakeDirectory(),
    clock: stage.clock,
    random: seededRandom(3),
    log: silentLogger,
    limits: { calls: 1_000, ringSeconds: 60 },
  });
  const inbound: Call[] = [];
  calls.onRouted = ({ call }) => {
    calls.adopt(call, { sessionId: 'session-a', media: engine.openSession() });
    inbound.push(call);
  };
  const carrier = await stage.peer(CARRIER_HOST);
  return { stage, engine, calls, inbound, carrier };
}

/** A phone that answers everything, after it has asked once who we are: credentials are texts of the script as well. */
function answerEverything(carrier: RawPeer): void {
  carrier.onRequest = (request: SipRequest) => {
    const asked = request.headers.get('Authorization') !== undefined;
    if (request.method === 'INVITE' && !asked && request.headers.get('X-No-Challenge') === undefined)
      carrier.reply(request, 401, { fields: [['WWW-Authenticate', 'Digest realm="evil", nonce="n"']] });
    else if (request.method === 'INVITE')
      carrier.reply(request, 200, {
        fields: [
          ['Contact', `<sip:peer@${CARRIER_HOST}:5060>`],
          ['Content-Type', 'application/sdp'],
        ],
        body: phoneSdp({ host: CARRIER_HOST }),
      });
    else if (request.method !== 'ACK') carrier.reply(request, 200);
  };
}

async function play(all: readonly Said[]): Promise<readonly string[]> {
  const { stage, engine, calls, inbound, carrier } = await stageOf();
  const { clock } = stage;
  answerEverything(carrier);
  for (const [at, one] of all.entries()) {
    const callId = carrier.ask({
      method: 'INVITE',
      uri: `sip:${SERVICE_NUMBER}@192.0.2.1`,
      callId: `in-${at}`,
      cseq: 1,
      body: phoneSdp({ host: CARRIER_HOST }),
    });
    const { target, callerid, displayName, headers } = one;
    const owner = { sessionId: 'session-b', media: engine.openSession() };
    const dialled = calls.dial(
      { applicationId: 'taxi', target, callerid, displayName, headers, maxForwards: 70 },
      owner,
    );
    await clock.advance(20);
    const call = inbound.at(-1)!;
    call.ring(headers);
    call.startEarlyMedia(headers);
    if (one.treatment === 'reject') call.reject(one.code, headers);
    if (one.treatment === 'answer') call.answer(headers);
    await clock.advance(20);
    if (one.treatment === 'answer') {
      const to = carrier.responses
        .findLast((response) => response.headers.get('Call-ID') === callId)!
        .headers.get('To')!;
      carrier.ask({ method: 'ACK', uri: 'sip:maskline@192.0.2.1', callId, cseq: 1, to });
    }
    await clock.advance(1_000);
    for (const talking of [call, dialled]) {
      talking.sendInfo(one.mimeType, one.body, headers);
      talking.sendMessage(one.body, headers);
      await clock.advance(20);
      talking.hangup(headers);
    }
    await clock.advance(1_000);
  }
  await clock.advance(70_000);
  expect(calls.active).toEqual([]);
  const texts = [...carrier.texts];
  expect(await stage.close()).toEqual(NOTHING_LEFT);
  return texts;
}

describe('texts of scripts on the wire', () => {
  it('[row 20] whatever a script says, every datagram is exactly one message of the form that we meant', async () => {
    const methods = new Set<string>();
    const play10 = async (all: readonly Said[]): Promise<void> => {
      for (const datagram of await play(all)) {
        expectOneMessage(datagram);
        methods.add(datagram.slice(0, datagram.indexOf(' ')));
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(said, { minLength: 10, maxLength: 10 }), play10), {
      numRuns: Number(process.env.INJECTION_RUNS ?? 12),
    });
    // The test says something only if these were really sent.
    expect([...methods].sort()).toEqual(
      expect.arrayContaining(['ACK', 'BYE', 'INFO', 'INVITE', 'MESSAGE', 'SIP/2.0']),
    );
  });
});
