import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { Call, CallObserverEvents } from '../call/types.ts';
import { Emitter } from '../kernel/emitter.ts';
import { silentLogger } from '../kernel/logger.ts';
import { parseMessage } from '../sip/message/parse.ts';
import type { SipMessage } from '../sip/message/types.ts';
import type { Flow } from '../sip/transport/types.ts';
import { CallIds } from './call-ids.ts';
import { hideNumbers } from './hide-numbers.ts';
import { tracedText } from './message-text.ts';
import type { CallTrace, TraceBatch, TracedMessage, TraceStore } from './ports.ts';
import { TraceReader } from './reader.ts';
import { TraceRecorder } from './recorder.ts';

const FLOW = {
  transport: 'udp',
  local: { host: '192.0.2.1', port: 5060 },
  remote: { host: '2001:db8::7', port: 5062 },
} as Flow;

function sip(first: string, fields: readonly string[] = [], body = '', callId = 'one'): SipMessage {
  const method = first.startsWith('SIP/2.0') ? 'INVITE' : first.split(' ')[0];
  const text = [
    first,
    'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx',
    'From: <sip:+447700900101@a.example>;tag=a',
    'To: <sip:+442079460123@b.example>',
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    ...fields,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
  const parsed = parseMessage(Buffer.from(text));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

const invite = (callId = 'one'): SipMessage =>
  sip('INVITE sip:+442079460123@b.example SIP/2.0', [], '', callId);

describe('the text that is kept of a message', () => {
  it('has neither credentials nor signed identities', () => {
    const text = tracedText(
      sip('INVITE sip:x@b.example SIP/2.0', [
        'Authorization: Digest username="d", response="0123456789abcdef"',
        'proxy-authorization :Digest username="d", response="fedcba"',
        'y: eyJhbGciOi.eyJkZXN0Ijp7InRuIjpb.c2ln;info=<https://x>',
      ]),
    );
    expect(text).not.toMatch(/0123456789abcdef|fedcba|eyJ/);
    expect(text.match(/\[left out\]/g)).toHaveLength(3);
  });

  it('[RFC 4568 §9.1] has no media keys', () => {
    const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20';
    const body = `v=0\r\nm=audio 4000 RTP/SAVP 0\r\n${crypto}\r\nk=clear:secret\r\na=ptime:20\r\n`;
    const text = tracedText(sip('INVITE sip:x@b SIP/2.0', ['Content-Type: application/sdp'], body));
    expect(text).not.toMatch(/d0Rmd|secret/);
    expect(text).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 [left out]');
    expect(text).toContain('a=ptime:20');
  });

  it('[row 35] has no keys that were pressed, and no words that were sent', () => {
    const info = sip('INFO sip:x@b SIP/2.0', ['Content-Type: application/dtmf-relay'], 'Signal=7\r\n');
    expect(tracedText(info)).not.toContain('Signal');
    const words = tracedText(sip('MESSAGE sip:x@b SIP/2.0', ['c: text/plain'], 'meet me'));
    expect(words).not.toContain('meet me');
    expect(words).toContain('[body of 7 bytes left out]');
  });
});

it('[row 43] numbers are hidden in every part of a message', () => {
  const text = tracedText(
    sip('INVITE sip:+442079460123@b.example SIP/2.0', [
      'P-Asserted-Identity: "07700 900101" <tel:+447700900101>',
      'X-Extension: sip:201@pbx',
      'Remote-Party-ID: <sip:%2B447700900101@a>',
    ]),
  );
  const hidden = hideNumbers({ text } as TracedMessage).text;
  expect(hidden).not.toMatch(/7700|2079|900101|201@/);
  expect(hidden).toContain('192.0.2.7');
});

/** Keeps in memory what a database would. */
class MemoryTraceStore implements TraceStore {
  failing = false;
  readonly batches = new Map<string, TraceBatch>();
  purged: (readonly [number, number])[] = [];

  async append(batches: readonly TraceBatch[]): Promise<void> {
    if (this.failing) throw new Error('the database is away');
    for (const batch of batches) this.batches.set(batch.id, batch);
  }

  async read(sessionId: string): Promise<CallTrace> {
    const rows = [...this.batches.values()].filter((batch) => batch.sessionId === sessionId);
    const messages = rows.flatMap((batch) => batch.messages).sort((a, b) => a.at - b.at);
    return { messages, omitted: rows.reduce((sum, { omitted }) => sum + omitted, 0) };
  }

  async purge(before: number, totalBytes: number): Promise<number> {
    this.purged.push([before, totalBytes]);
    return 0;
  }
}

describe('the recorder', () => {
  let clock: VirtualClock;
  let store: MemoryTraceStore;
  let recorder: TraceRecorder;
  let calls: Emitter<CallObserverEvents>;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryTraceStore();
    const settings = { hours: 24, callKilobytes: 4, totalMegabytes: 1 };
    recorder = new TraceRecorder({ store, settings, clock, random: seededRandom(1), log: silentLogger });
    calls = new Emitter<CallObserverEvents>();
    recorder.watchCalls(calls);
  });
  afterEach(async () => {
    store.failing = false;
    await recorder.close();
    expect(clock.pending).toBe(0);
  });

  const call = (id: string): Call => ({ id }) as Call;
  const created = (id: string, sessionId = 'record'): void =>
    calls.emit('created', { call: call(id), applicationId: 'taxi', sessionId });
  const speaks = (id: string): void => calls.emit('signalling', { call: call(id), sipSession: `sip-${id}` });

  it('finds the leg of a message, in whichever order it learns of them', async () => {
    const steps: Record<string, () => void> = {
      message: () => recorder.onMessage('in', invite(), FLOW),
      session: () => recorder.signalling({ sipSession: 'sip-a', callId: 'one' }),
      leg: () => speaks('a'),
      record: () => created('a'),
    };
    const orders = permutations(Object.keys(steps));
    for (const [index, order] of orders.entries()) {
      store.batches.clear();
      for (const step of order) steps[step]?.();
      recorder.onMessage('out', sip('SIP/2.0 100 Trying'), FLOW);
      await clock.advance(1_000);
      const { messages } = await store.read('record');
      expect(messages.map(({ direction, legId }) => [direction, legId])).toEqual([
        ['in', 'a'],
        ['out', 'a'],
      ]);
      expect(messages[0]).toMatchObject({ local: '192.0.2.1:5060', remote: '[2001:db8::7]:5062' });
      calls.emit('ended', { call: call('a'), sessionId: 'record', end: {} } as CallObserverEvents['ended']);
      await clock.advance(60_000);
      expect(index).toBeLessThan(24);
    }
  });

  it('keeps nothing of what is no call of ours', async () => {
    recorder.onMessage('in', sip('OPTIONS sip:x@b SIP/2.0', [], '', 'options'), FLOW);
    for (let i = 0; i < 5_000; i++) recorder.onMessage('in', invite(`flood-${i}`), FLOW);
    await clock.advance(60_000);
    expect(store.batches.size).toBe(0);
    expect(recorder.counts).toEqual({ waiting: 0, lost: 0 });
  });

  it('leaves out, and counts, what is beyond the limit of a call', async () => {
    recorder.signalling({ sipSession: 'sip-a', callId: 'one' });
    created('a');
    speaks('a');
    for (let i = 0; i < 50; i++) recorder.onMessage('in', invite(), FLOW);
    await clock.advance(1_000);
    const { messages, omitted } = await store.read('record');
    expect(messages.length + omitted).toBe(50);
    expect(JSON.stringify(messages).length).toBeLessThan(8 * 1024);
    expect(await new TraceReader(store).ladder('record', [], false)).toContain('found no room');
  });

  it('keeps what a failed database has not taken, in order, and writes it later', async () => {
    recorder.signalling({ sipSession: 'sip-a', callId: 'one' });
    created('a');
    speaks('a');
    store.failing = true;
    recorder.onMessage('in', invite(), FLOW);
    await clock.advance(2_000);
    recorder.onMessage('out', sip('SIP/2.0 100 Trying'), FLOW);
    expect(recorder.counts.waiting).toBe(2);
    store.failing = false;
    await clock.advance(10_000);
    const { messages } = await store.read('record');
    expect(messages.map(({ direction }) => direction)).toEqual(['in', 'out']);
    expect(recorder.counts.waiting).toBe(0);
  });

  it('writes what waits when it is closed', async () => {
    recorder.signalling({ sipSession: 'sip-a', callId: 'one' });
    created('a');
    speaks('a');
    recorder.onMessage('in', invite(), FLOW);
    await recorder.close();
    recorder.onMessage('in', invite('late'), FLOW);
    recorder.signalling({ sipSession: 'sip-late', callId: 'late' });
    expect((await store.read('record')).messages).toHaveLength(1);
  });

  it('deletes what is too old, again and again', async () => {
    const start = clock.now();
    await clock.advance(1_300_000);
    const day = 24 * 3_600_000;
    expect(store.purged.map(([before]) => before - start + day)).toEqual([30_000, 630_000, 1_230_000]);
    expect(store.purged[0]?.[1]).toBe(1024 * 1024);
  });
});

it('forgets everything of a call when its last retransmission is due', async () => {
  const clock = new VirtualClock();
  const ids = new CallIds(clock, () => {});
  const message = { at: 0, direction: 'in', transport: 'udp', local: '', remote: '', text: '' } as const;
  ids.add('one', message);
  ids.sessionSpeaks('sip', 'one');
  ids.legSpeaks('leg', 'sip');
  ids.legCreated('leg', 'record');
  ids.legEnded('leg');
  // A session whose leg nobody ever adopts, and a message of nobody.
  ids.sessionSpeaks('other', 'two');
  ids.legSpeaks('unadopted', 'other');
  ids.add('three', message);
  await clock.advance(45_000);
  expect(ids.size).toBe(0);
  expect(clock.pending).toBe(0);
});

it('draws the caller on the left, Maskline in the middle, everybody who was called on the right', async () => {
  const at = (ms: number, legId: string, direction: 'in' | 'out', text: string): TracedMessage => ({
    ...{ at: ms, legId, direction, transport: 'udp', local: '', remote: '' },
    text: `${text}\r\nFrom: <sip:+442079460123@x>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n`,
  });
  const messages = [
    at(1_000, 'a', 'in', 'INVITE sip:+442079460123@x SIP/2.0'),
    at(1_002, 'b', 'out', 'INVITE sip:+447700900202@x SIP/2.0'),
    at(1_010, 'b', 'in', 'SIP/2.0 180 Ringing'),
    at(1_011, 'a', 'out', 'SIP/2.0 180 Ringing'),
  ];
  const reader = new TraceReader({ read: async () => ({ messages, omitted: 0 }) });
  const legs = [
    { callId: 'b', incoming: false },
    { callId: 'a', incoming: true },
  ];
  const lines = (await reader.ladder('x', legs, false)).trimEnd().split('\n');
  const gap = ' '.repeat(46);
  expect(lines).toEqual([
    `    ms  ${'caller'.padEnd(48)}${'Maskline'.padEnd(48)}called`,
    `     0    |── INVITE +4•••••••••23 ─────────────────────▶|${gap}|   From: <sip:+4•••••••••23@x>`,
    `     2    |${gap}|── INVITE +4•••••••••02 ─────────────────────▶|   From: <sip:+4•••••••••23@x>`,
    `    10    |${gap}|◀────────────────────────────── 180 Ringing ──|`,
    `    11    |◀────────────────────────────── 180 Ringing ──|${gap}|`,
  ]);
});

function permutations(items: readonly string[]): string[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
