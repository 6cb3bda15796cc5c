/**
 * Batches of hostile messages against parser, framer, transport, transactions and dialogs. A batch depends on its seed
 * and number only, so a failure is replayed by running that batch alone.
 */
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { validateRequest, validateResponse } from '../../../src/sip/message/validate.ts';
import { corpus } from '../corpus.ts';
import { Dice } from './dice.ts';
import { grammarMessage } from './grammar.ts';
import { mutate } from './mutate.ts';
import { UnderTest } from './under-test.ts';

export const BATCH = 5_000;

export interface BatchResult {
  readonly messages: number;
  /** Read as SIP at all, and of those the ones judged fit to be handled. */
  readonly parsed: number;
  readonly valid: number;
  /** How they came about. */
  readonly kinds: Readonly<Record<Kind, number>>;
  /** The longest that one message took, ms of real time. */
  readonly slowestMs: number;
  /** What went wrong, in words, with the message that did it; empty when all is well. */
  readonly failures: readonly string[];
}

type Kind = 'grammar' | 'mutation' | 'answer' | 'echo';

/** @param onMessage told before each message, for a watch over hangs */
export async function runBatch(
  seed: number,
  batch: number,
  onMessage: (index: number) => void = () => {},
): Promise<BatchResult> {
  const dice = new Dice(seed * 1_000_003 + batch);
  const target = await UnderTest.make(dice);
  const kinds: Record<Kind, number> = { grammar: 0, mutation: 0, answer: 0, echo: 0 };
  const failures: string[] = [];
  let [parsed, valid, slowestMs] = [0, 0, 0];
  for (let index = 0; index < BATCH && failures.length < 5; index++) {
    onMessage(index);
    const { kind, bytes } = nextMessage(dice, target);
    kinds[kind]++;
    const begun = performance.now();
    try {
      const read = parseMessage(bytes);
      if (read.ok) {
        parsed++;
        const { message } = read;
        const fits =
          message.kind === 'request' ? validateRequest(message).kind === 'ok' : validateResponse(message);
        if (fits) valid++;
      }
      if (dice.once(6)) target.stream(dice.once(3) ? Buffer.concat([bytes, bytes]) : bytes);
      else target.datagram(bytes);
      if (dice.once(4)) target.act();
    } catch (error) {
      failures.push(describe(error, index, bytes));
    }
    for (const fault of target.faults.splice(0)) failures.push(describe(fault, index, bytes));
    slowestMs = Math.max(slowestMs, performance.now() - begun);
    if (dice.once(8)) await target.clock.advance(dice.int(400));
  }
  const left = await target.drain();
  for (const fault of target.faults) failures.push(String((fault as Error).stack ?? fault));
  if (left.length > 0) failures.push(`left behind after the end: ${left.join(', ')}`);
  await target.close();
  return { messages: BATCH, parsed, valid, kinds, slowestMs, failures };
}

function nextMessage(dice: Dice, target: UnderTest): { readonly kind: Kind; readonly bytes: Buffer } {
  const which = dice.int(10);
  const ours = target.sent.length === 0 ? undefined : dice.pick(target.sent);
  if (which < 2 && ours !== undefined)
    return { kind: 'answer', bytes: maybeBroken(dice, answerTo(dice, ours)) };
  if (which < 3 && ours !== undefined) return { kind: 'echo', bytes: maybeBroken(dice, ours) };
  if (which < 7) return { kind: 'grammar', bytes: grammarMessage(dice) };
  const base = dice.once(2) ? dice.pick(corpus).bytes : grammarMessage(dice);
  return { kind: 'mutation', bytes: mutate(dice, base, dice.pick(corpus).bytes) };
}

function maybeBroken(dice: Dice, bytes: Buffer): Buffer {
  return dice.once(3) ? mutate(dice, bytes, bytes) : bytes;
}

const STATUS_LINES = [
  '100 Trying',
  '180 Ringing',
  '183 Progress',
  '200 OK',
  '200 OK',
  '401 No',
  '481 No',
  '487 End',
  '500 Error',
  '603 No',
];

/** What a peer could say to a request of ours, so that our client transactions and dialogs are reached, too. */
function answerTo(dice: Dice, ours: Buffer): Buffer {
  const text = ours.toString('latin1');
  if (text.startsWith('SIP/2.0')) {
    // To a 2xx of ours: its ACK, or a BYE; with another method it is just a strange request.
    const method = dice.pick(['ACK', 'BYE', 'INVITE', 'UPDATE', 'PRACK']);
    return Buffer.from(
      text
        .replace(/^.*\r\n/, `${method} sip:maskline@10.0.0.1:5060 SIP/2.0\r\n`)
        .replace(/^(CSeq: \d+) \w+/im, `$1 ${method}`),
      'latin1',
    );
  }
  const tagged = text.replace(/^(To: [^\r\n]*)$/im, (line) =>
    /;tag=/.test(line) ? line : `${line};tag=peer-${dice.int(3)}`,
  );
  return Buffer.from(
    tagged.replace(/^.*\r\n/, `SIP/2.0 ${dice.pick(STATUS_LINES)}\r\nContact: <sip:bob@10.0.0.2:5060>\r\n`),
    'latin1',
  );
}

function describe(error: unknown, index: number, bytes: Buffer): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
  return `message ${index}: ${what}\n${JSON.stringify(bytes.toString('latin1'))}`;
}
