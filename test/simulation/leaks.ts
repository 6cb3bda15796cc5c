import { scanForLeaks } from '../../src/privacy/leak-scan.ts';
import { secretsFromPackets } from '../../src/privacy/secrets-from-messages.ts';
import {
  ACCOUNT,
  CALLEE_SECRET,
  CALLER_SECRET,
  CARRIER_ACCOUNT,
  MEDIA_HOST,
  SERVER,
  SERVICE_NUMBER,
} from './numbers.ts';
import { callIdOf, fromTag, readWire, toTag } from './wire.ts';
import type { World } from './world.ts';

/** One run in so many is read by the whole leak scanner, which costs several milliseconds; the others by a plain search. */
const THOROUGH = 20;

const SIDES = [
  ['caller', 'callee'],
  ['callee', 'caller'],
] as const;

/** What one side has said, or how it is addressed, in anything that was sent to the other. */
export function findLeaks(world: World): string[] {
  return world.plan.seed % THOROUGH === 0 ? thoroughly(world) : quickly(world);
}

function quickly(world: World): string[] {
  const { trace } = world;
  return SIDES.flatMap(([of, to]) => {
    const secrets = plainSecrets(world, of);
    const said = trace
      .towards(to)
      .map(({ text }) => text)
      .join('\n');
    return [...secrets]
      .filter((secret) => said.includes(secret))
      .map((secret) => `the ${to} was sent ${secret} of the ${of}`);
  });
}

/** Words, addresses and numbers that only one side has, and the identifiers of its dialogs. */
function plainSecrets({ trace, callerNumber, numbers }: World, side: 'caller' | 'callee'): Set<string> {
  const own =
    side === 'caller'
      ? [CALLER_SECRET, '198.51.100.', callerNumber.slice(2), ACCOUNT.username]
      : [CALLEE_SECRET, '203.0.113.', ...numbers.map((number) => number.slice(2)), CARRIER_ACCOUNT.username];
  const secrets = new Set(own);
  for (const { text } of trace.ofSide(side)) {
    const wire = readWire(text);
    if (wire === undefined) continue;
    for (const value of [callIdOf(wire), fromTag(wire), toTag(wire)])
      if (value.length > 5) secrets.add(value);
  }
  return secrets;
}

function thoroughly({ trace }: World): string[] {
  const mayBeSeen = [SERVICE_NUMBER, SERVER.host, MEDIA_HOST, 'maskline.local', '-', 'IN', 'IP4'];
  return SIDES.flatMap(([of, to]) => {
    const packets = trace.ofSide(of).map(({ direction, text }) => ({ direction, bytes: Buffer.from(text) }));
    const secrets = secretsFromPackets(packets, { mayBeSeen });
    const out = trace.towards(to).map(({ text }) => ({ to, bytes: Buffer.from(text) }));
    return scanForLeaks({ secrets, packets: out }).map(
      ({ secret, spelling }) => `the ${to} was sent ${secret} of the ${of} (${spelling})`,
    );
  });
}
