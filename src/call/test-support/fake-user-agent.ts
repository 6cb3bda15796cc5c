import { Emitter } from '../../kernel/emitter.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { DEFAULT_MEDIA_POLICY } from '../../sip/user-agent/media-policy.ts';
import {
  type IncomingCall,
  type MediaPolicy,
  type OutboundInvite,
  TRUNK_DEFAULTS,
  type TrunkSettings,
  type TrunkStatus,
  type UserAccount,
  type UserAgent,
  type UserAgentEvents,
} from '../../sip/user-agent/types.ts';
import { FakeUacSession, type FakeUasSession } from './fake-sessions.ts';

export const TRUNK: TrunkSettings = {
  id: 'trunk-1',
  name: 'operator',
  host: 'trunk.example',
  ...TRUNK_DEFAULTS,
  allowedSources: ['192.0.2.0/24'],
  country: 'RU',
};

export const DRIVER: UserAccount = {
  id: 'user-1',
  username: 'driver',
  applicationId: 'taxi',
  ha1: { md5: '', sha256: '' },
};

/** SIP as the call layer sees it, with nothing behind it: the test plays every peer. */
export class FakeUserAgent implements UserAgent {
  readonly events = new Emitter<UserAgentEvents>();
  readonly outbound: { readonly invite: OutboundInvite; readonly session: FakeUacSession }[] = [];
  /** Whether a new outbound session answers CANCEL by itself. */
  autoCancel = true;
  localHost = '192.0.2.1';
  /** What the next outbound call is asked to offer. */
  media: MediaPolicy = DEFAULT_MEDIA_POLICY;

  invite(
    invite: OutboundInvite,
    sdpFor: (localHost: string, media: MediaPolicy) => Promise<string>,
  ): FakeUacSession {
    const session = new FakeUacSession();
    session.autoCancel = this.autoCancel;
    this.outbound.push({ invite, session });
    queueMicrotask(() => {
      sdpFor(this.localHost, this.media).then(
        (offer) => {
          session.offer = offer;
        },
        () => session.fault(500),
      );
    });
    return session;
  }

  /** The newest outbound session. */
  get callee(): FakeUacSession {
    const last = this.outbound.at(-1);
    if (last === undefined) throw new Error('nobody was called');
    return last.session;
  }

  /** A call comes in. */
  incoming(session: FakeUasSession, overrides: Partial<IncomingCall> = {}): void {
    this.events.emit('call', {
      session,
      peer: { kind: 'trunk', trunk: TRUNK },
      dialled: PhoneNumber.parse('+74950000001'),
      caller: PhoneNumber.parse('+79031112233'),
      displayName: 'Real Name',
      callerIsPrivate: false,
      fromUri: 'sip:+79031112233@trunk.example',
      toUri: 'sip:+74950000001@maskline.example',
      headers: [],
      media: DEFAULT_MEDIA_POLICY,
      maxForwards: 68,
      ...overrides,
    });
  }

  setDraining(): void {}

  trunkStatus(): TrunkStatus {
    const health = { state: 'unknown', since: undefined, reason: undefined } as const;
    return { registered: undefined, lastError: undefined, health, calls: { inbound: 0, outbound: 0 } };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
