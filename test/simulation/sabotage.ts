/**
 * Servers that are broken on purpose: each breaks one rule, in the way in which a fault of ours would, and the test beside
 * this file shows that the simulator notices. A rule that nobody can break here is no rule.
 */
import { cancelFor } from '../../src/sip/message/build.ts';
import type { SipMessage } from '../../src/sip/message/types.ts';
import { SERVER } from './numbers.ts';
import type { Kind } from './plan.ts';
import type { World } from './world.ts';

export interface Mutation {
  readonly name: string;
  /** What the simulator must say about it. */
  readonly says: RegExp;
  readonly breaks: (world: World) => void;
  /** Runs in which it shows soon. */
  readonly only?: Kind;
}

/** The server "forgets" to send what `forgets` picks: the datagrams and the stream writes never leave. */
function silence(world: World, forgets: (text: string) => boolean): void {
  const { network } = world;
  const fate = network.fate;
  network.fate = (from, to, bytes) => {
    const delays = fate?.(from, to, bytes) ?? [1];
    return from.host === SERVER.host && forgets(Buffer.from(bytes).toString()) ? [] : delays;
  };
}

const isRequest = (text: string, method: string): boolean => text.startsWith(`${method} `);
const callIdIn = (text: string): string => /^Call-ID: (.*)$/im.exec(text)?.[1] ?? '';

/** Replaces a method of one object, handing in what it did before. */
function replace<T extends object, K extends keyof T>(target: T, key: K, make: (before: T[K]) => T[K]): void {
  const before = target[key];
  const bound = (typeof before === 'function' ? before.bind(target) : before) as T[K];
  Object.defineProperty(target, key, { value: make(bound), configurable: true });
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'acknowledges no 2xx',
    says: /no ACK came for 200/,
    breaks: ({ stack }) => replace(stack.transactions, 'sendAck', () => (ack) => ack),
  },
  {
    name: 'acknowledges no refusal',
    says: /no ACK came for [3-6]\d\d/,
    breaks: (world) => {
      const refused = new Set<string>();
      world.network.tap(({ bytes }) => {
        const text = Buffer.from(bytes).toString();
        if (/^SIP\/2\.0 [3-6]/.test(text)) refused.add(callIdIn(text));
      });
      silence(world, (text) => isRequest(text, 'ACK') && refused.has(callIdIn(text)));
    },
  },
  {
    name: 'sends no BYE',
    says: /abandoned: .* a call is still up/,
    breaks: (world) => silence(world, (text) => isRequest(text, 'BYE')),
  },
  {
    name: 'sends no BYE where a 200 has crossed its CANCEL',
    only: 'crossing',
    says: /abandoned: .* a call is still up/,
    breaks: (world) => {
      const cancelled = new Set<string>();
      silence(world, (text) => {
        if (isRequest(text, 'CANCEL')) cancelled.add(callIdIn(text));
        return isRequest(text, 'BYE') && cancelled.has(callIdIn(text));
      });
    },
  },
  {
    name: 'sends no CANCEL',
    only: 'silent',
    says: /abandoned: .*rings/,
    breaks: (world) => silence(world, (text) => isRequest(text, 'CANCEL')),
  },
  {
    name: 'cancels before anybody has answered',
    says: /CANCEL before any provisional/,
    breaks: ({ stack }) =>
      replace(stack.transport, 'send', (send) => (message: SipMessage, flow) => {
        send(message, flow);
        if (message.kind === 'request' && message.method === 'INVITE') send(cancelFor(message), flow);
      }),
  },
  {
    name: 'sends two INVITEs for one dial',
    says: /two phones rang|called once more/,
    breaks: ({ stack }) =>
      replace(stack.userAgent, 'invite', (invite) => (what, sdpFor) => {
        invite(what, sdpFor);
        return invite(what, sdpFor);
      }),
  },
  {
    name: 'hangs up no called leg',
    says: /outlived/,
    breaks: ({ calls }) => {
      calls.observers.on('created', ({ call }) => {
        if (!call.incoming) replace(call, 'hangup', () => () => {});
      });
    },
  },
  {
    name: 'tells an end twice',
    says: /2 final events/,
    breaks: ({ calls }) => {
      calls.observers.on('created', ({ call }) => {
        const again = call.events.on('failed', (end) => {
          again();
          call.events.emit('failed', end);
        });
      });
    },
  },
  {
    name: 'forgets to close a record',
    says: /a record was closed 0 times/,
    breaks: ({ store }) =>
      replace(store, 'apply', (apply) => (changes) => apply(changes.filter(({ kind }) => kind !== 'close'))),
  },
  {
    name: 'forgets how a leg ended',
    says: /a leg of a record has no end/,
    breaks: ({ store }) =>
      replace(
        store,
        'apply',
        (apply) => (changes) =>
          apply(changes.filter((change) => change.kind !== 'leg' || change.leg.endedAt === undefined)),
      ),
  },
  {
    name: 'notes another status than it told',
    says: /the record says/,
    breaks: ({ store }) =>
      replace(
        store,
        'apply',
        (apply) => (changes) =>
          apply(
            changes.map((change) =>
              change.kind === 'leg' && change.leg.code !== undefined
                ? { ...change, leg: { ...change.leg, code: change.leg.code + 1 } }
                : change,
            ),
          ),
      ),
  },
  {
    name: 'loses an event of a record',
    says: /has position/,
    breaks: ({ store }) =>
      replace(
        store,
        'apply',
        (apply) => (changes) =>
          apply(changes.filter((change) => change.kind !== 'event' || change.event.position !== 2)),
      ),
  },
  {
    name: 'shows the caller to the callee',
    says: /the callee was sent .* of the caller/,
    breaks: ({ stack, callerNumber }) =>
      replace(
        stack.userAgent,
        'invite',
        (invite) => (what, sdpFor) =>
          invite({ ...what, headers: [...what.headers, ['X-Caller', callerNumber]] }, sdpFor),
      ),
  },
  {
    name: 'shows the callee to the caller',
    says: /the caller was sent .* of the callee/,
    breaks: ({ calls, numbers }) => {
      calls.observers.on('created', ({ call }) => {
        if (!call.incoming) return;
        replace(call, 'ring', (ring) => () => ring({ 'X-Callee': numbers[0] ?? '' }));
        replace(call, 'answer', (answer) => () => answer({ 'X-Callee': numbers[0] ?? '' }));
      });
    },
  },
  {
    name: 'leaves media sessions open',
    says: /left after the call: \d+ media/,
    breaks: ({ media }) =>
      replace(media, 'openSession', (openSession) => () => {
        const session = openSession();
        replace(session, 'close', () => async () => {});
        return session;
      }),
  },
  {
    name: 'leaves a timer running',
    says: /left after the stop: \d+ timers/,
    breaks: ({ calls, clock }) => {
      calls.observers.on('created', () => {
        clock.setTimeout(() => {}, 3_600_000);
      });
    },
  },
  {
    name: 'leaves sandboxes open',
    says: /left after the stop: \d+ sandboxes/,
    breaks: ({ sandboxes }) => {
      replace(sandboxes, 'close', () => async () => {});
      replace(sandboxes, 'open', (open) => (options) => {
        const sandbox = open(options);
        return { post: (event) => sandbox.post(event), close: () => {} };
      });
    },
  },
  {
    name: "reads the machine's clock",
    says: /Date\.now was used inside a run/,
    breaks: ({ calls }) => {
      replace(calls, 'drain', (drain) => (ms) => {
        Date.now();
        return drain(ms);
      });
    },
  },
];
