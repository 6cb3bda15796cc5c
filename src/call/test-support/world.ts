import { expect } from 'vitest';
import type { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { CallService } from '../call-service.ts';
import type { Fence } from '../fence/fence.ts';
import type {
  Call,
  CallEnd,
  CallEvents,
  CallObserverEvents,
  CallOwner,
  DialRequest,
  RoutedCall,
} from '../types.ts';
import { phoneSdp } from './descriptions.ts';
import { FakeDirectory, SERVICE_NUMBER } from './fake-directory.ts';
import { FakeMediaEngine, type FakeMediaSession } from './fake-media.ts';
import { FakeUasSession } from './fake-sessions.ts';
import { FakeUserAgent } from './fake-user-agent.ts';

export const PASSENGER = '+79057654321';

export interface CallWorld {
  readonly userAgent: FakeUserAgent;
  readonly directory: FakeDirectory;
  readonly engine: FakeMediaEngine;
  readonly calls: CallService;
  readonly routed: RoutedCall[];
  /** Every observer event, as `name` or `event:name`, in order. */
  readonly observed: string[];
  readonly refused: CallObserverEvents['refused'][];
  readonly warnings: string[];
  readonly ownerOf: (sessionId?: string) => CallOwner & { readonly media: FakeMediaSession };
  /** A caller dials the service number; the call is routed but not adopted. */
  readonly callIn: (session?: FakeUasSession) => { readonly session: FakeUasSession; readonly call: Call };
  readonly request: (overrides?: Partial<DialRequest>) => DialRequest;
}

/** A `CallService` with hand-written SIP and media around it. */
export function callWorld(
  clock: Clock,
  random: Random,
  limits = { calls: 100, ringSeconds: 60 },
  fence?: Pick<Fence, 'admit' | 'allows'>,
  isLate: () => boolean = () => false,
): CallWorld {
  const userAgent = new FakeUserAgent();
  const directory = new FakeDirectory();
  const engine = new FakeMediaEngine();
  const calls = new CallService({
    userAgent,
    directory,
    clock,
    random,
    log: silentLogger,
    limits,
    country: 'RU',
    isLate,
    ...(fence === undefined ? {} : { fence }),
  });
  const routed: RoutedCall[] = [];
  const observed: string[] = [];
  const refused: CallObserverEvents['refused'][] = [];
  const warnings: string[] = [];
  calls.onRouted = (one) => routed.push(one);
  calls.observers.on('created', () => observed.push('created'));
  calls.observers.on('event', ({ name }) => observed.push(`event:${name}`));
  calls.observers.on('ended', () => observed.push('ended'));
  calls.observers.on('refused', (one) => {
    observed.push('refused');
    refused.push(one);
  });
  calls.observers.on('warning', ({ message }) => warnings.push(message));
  return {
    userAgent,
    directory,
    engine,
    calls,
    routed,
    observed,
    refused,
    warnings,
    ownerOf: (sessionId = 'session-a') => ({ sessionId, media: engine.openSession() }),
    callIn: (session = new FakeUasSession({ offer: phoneSdp() })) => {
      userAgent.incoming(session);
      const last = routed.at(-1);
      if (last === undefined) throw new Error('the call was not routed');
      return { session, call: last.call };
    },
    request: (overrides = {}) => ({
      applicationId: 'taxi',
      target: { kind: 'pstn', number: PASSENGER },
      callerid: SERVICE_NUMBER,
      displayName: '',
      headers: {},
      maxForwards: 67,
      ...overrides,
    }),
  };
}

const NAMES: readonly (keyof CallEvents)[] = [
  'ringing',
  'audioStarted',
  'connected',
  'failed',
  'disconnected',
  'digit',
  'info',
  'message',
  'transferRequested',
  'onHold',
  'offHold',
  'reinviteReceived',
  'reinviteAccepted',
  'reinviteRejected',
  'firstAudioPacket',
  'rtpStopped',
  'rtpResumed',
];

/** Everything that a call emits, as it happens. */
export function eventsOf(call: Call): { readonly name: keyof CallEvents; readonly event: unknown }[] {
  const seen: { name: keyof CallEvents; event: unknown }[] = [];
  for (const name of NAMES) call.events.on(name, (event) => seen.push({ name, event }));
  return seen;
}

export function namesOf(seen: readonly { readonly name: string }[]): string[] {
  return seen.map((one) => one.name);
}

/** Whatever a test did: once everybody has hung up, no call, leg or timer is left. */
export async function expectNothingLeft({ calls, engine }: CallWorld, clock: VirtualClock): Promise<void> {
  for (const call of calls.active) call.hangup();
  await clock.advance(5_000);
  expect(calls.active).toEqual([]);
  expect(engine.openLegs).toEqual([]);
  expect(clock.pending).toBe(0);
}

/** What the last event of a call said: its end. */
export function endIn(seen: readonly { readonly event: unknown }[]): CallEnd {
  return seen.at(-1)?.event as CallEnd;
}
