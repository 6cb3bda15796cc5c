/**
 * SIP messages per second on one core.
 *
 * Measured: for a mix of INVITE with SDP, 200 with SDP and REGISTER with digest, in equal parts, 768 different messages:
 * reading (`parseMessage`), judging (`validateRequest`/`validateResponse`) and the fields that a transaction and a dialog
 * are found by (Request-URI, branch of the top Via, Call-ID, CSeq, both tags); and writing: `serialize` of the same
 * messages, and a whole 180 made from an INVITE and written. Each loop warms up for half a second, then runs five rounds of
 * about 0.6 s; the median round counts.
 *
 * Left out: sockets, the flood guard, SDP, and everything that is done with a message afterwards.
 *
 * Beside it: no packaged SIP parser for Node is kept up, so there is no true peer. Instead a loop that only decodes and
 * splits lines and colons, and judges nothing: what any parser of this kind pays at least.
 */
import { fileURLToPath } from 'node:url';
import { response } from '../src/sip/message/build.ts';
import { callId, cseq, fromTag, requestUri, topVia, toTag } from '../src/sip/message/fields.ts';
import { parseMessage } from '../src/sip/message/parse.ts';
import { serialize } from '../src/sip/message/serialize.ts';
import type { SipMessage, SipRequest } from '../src/sip/message/types.ts';
import { validateRequest, validateResponse } from '../src/sip/message/validate.ts';
import { type BenchResult, type Figure, percentile } from './figures.ts';
import { sampleMessages } from './parser-messages.ts';

const COPIES = 256;
const ROUNDS = 5;
const ROUND_MS = 600;
const WARM_UP_MS = 500;

/** Keeps results alive, so that no loop can be optimised away. */
let sink = 0;

interface Rate {
  /** Messages per second of CPU time of this thread; the median round. */
  readonly perSecond: number;
  readonly slowestRound: number;
  readonly fastestRound: number;
}

export async function benchParser(): Promise<BenchResult> {
  const samples = sampleMessages(COPIES);
  const messages = samples.map(readWhole);
  const invites = messages.filter((message): message is SipRequest => isInvite(message));
  const rates = {
    parse: rate(samples, (bytes) => void readWhole(bytes)),
    split: rate(samples, naiveSplit),
    serialize: rate(messages, (message) => {
      sink += serialize(message).length;
    }),
    respond: rate(invites, (invite) => {
      sink += serialize(response(invite, 180, { toTag: '8d2f9c1a' })).length;
    }),
  };
  const bytes = samples.reduce((sum, sample) => sum + sample.length, 0) / samples.length;
  const figures: Figure[] = [
    {
      id: 'parser.parse',
      what: 'SIP messages parsed, validated, and their transaction fields read, one core',
      measured: rates.parse.perSecond,
      unit: '/s',
      aim: { at: 'least', value: 150_000 },
    },
    per('parser.serialize', 'SIP messages written, one core', rates.serialize),
    per('parser.respond', '180 made from an INVITE and written, one core', rates.respond),
    per('parser.split', 'the naive splitter beside it, which judges nothing', rates.split),
  ];
  return {
    name: 'parser',
    figures,
    leavesOut:
      'sockets, flood guard, SDP, and what is done with a message afterwards; the messages are warm in the cache',
    peer: 'no kept SIP parser is packaged for Node; a naive splitter of lines and colons stands in as the floor',
    details: { bytesPerMessage: Math.round(bytes), rates, sink: sink > 0 },
  };
}

function per(id: string, what: string, { perSecond }: Rate): Figure {
  return { id, what, measured: perSecond, unit: '/s' };
}

const isInvite = (message: SipMessage): boolean => message.kind === 'request' && message.method === 'INVITE';

/** What the transport and the transaction layer do with every message. */
function readWhole(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  if (!result.ok) throw new Error(`a sample does not parse: ${result.reason}`);
  const { message } = result;
  if (message.kind === 'request') {
    if (validateRequest(message).kind !== 'ok') throw new Error('a sample is refused');
    sink += requestUri(message).scheme.length;
  } else if (!validateResponse(message)) throw new Error('a sample is refused');
  sink += topVia(message).params.get('branch')?.length ?? 0;
  sink += callId(message).length + cseq(message).sequence;
  sink += (fromTag(message)?.length ?? 0) + (toTag(message)?.length ?? 0);
  return message;
}

function naiveSplit(bytes: Buffer): void {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const fields = new Map<string, string>();
  for (const line of text.slice(0, end).split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  sink += fields.size;
}

function rate<T>(items: readonly T[], work: (item: T) => void): Rate {
  const warmUpEnd = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUpEnd) for (const item of items) work(item);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(oneRound(items, work));
  return {
    perSecond: Math.round(percentile(rounds, 0.5)),
    slowestRound: Math.round(Math.min(...rounds)),
    fastestRound: Math.round(Math.max(...rounds)),
  };
}

/** By this thread's CPU time, so that other processes do not count; garbage collection on helper threads does not either. */
function oneRound<T>(items: readonly T[], work: (item: T) => void): number {
  const end = performance.now() + ROUND_MS;
  const before = process.threadCpuUsage();
  let count = 0;
  while (performance.now() < end) {
    for (const item of items) work(item);
    count += items.length;
  }
  const { user, system } = process.threadCpuUsage(before);
  return (count / (user + system)) * 1e6;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await benchParser());
