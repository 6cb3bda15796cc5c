import { expect, test } from 'vitest';
import { ladder } from './ladder.ts';
import type { LoggedPacket } from './message-log.ts';

const LOCAL = { host: '10.0.0.1', port: 5060 };
const REMOTE = { host: '10.0.0.9', port: 5060 };

const packet = (at: number, direction: 'sent' | 'received', lines: string[]): LoggedPacket => ({
  at,
  direction,
  local: LOCAL,
  remote: REMOTE,
  transport: 'udp',
  bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
});

const LOG = [
  packet(1_000, 'sent', [
    'INVITE sip:+15550100123@10.0.0.9 SIP/2.0',
    'f: "Dan" <sip:+15550199001@10.0.0.9>;tag=a',
    'P-Asserted-Identity: <tel:+15550199001>',
    'i: one',
    'CSeq: 1 INVITE',
    'c: application/sdp',
  ]),
  packet(1_003, 'received', ['SIP/2.0 180 Ringing', 'Call-ID: one', 'CSeq: 1 INVITE']),
  packet(1_010, 'sent', ['OPTIONS sip:x SIP/2.0', 'Call-ID: two', 'CSeq: 1 OPTIONS']),
  packet(2_500, 'received', ['SIP/2.0 200 OK', 'Call-ID: one', 'CSeq: 2 BYE']),
];

test('draws each message with its time, direction, and who it says it is from', () => {
  const lines = ladder(LOG, { self: 'driver', other: 'Maskline', callId: 'one' }).split('\n');
  expect(lines).toEqual([
    '    ms  driver                                          Maskline',
    '     0    |── INVITE +15550100123 (SDP) ────────────────▶|   From: "Dan" <sip:+15550199001@10.0.0.9>   P-Asserted-Identity: <tel:+15550199001>',
    '     3    |◀────────────────────────────── 180 Ringing ──|',
    '  1500    |◀───────────────────────────── 200 OK (BYE) ──|',
  ]);
});

test('hides numbers when asked', () => {
  const text = ladder(LOG, { self: 'driver', other: 'Maskline', maskNumbers: true });
  expect(text).not.toMatch(/\d{7}/);
  expect(text).toContain('INVITE +1•');
});
