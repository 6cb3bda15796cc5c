import type { Secret } from '../../src/privacy/secret.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { type CaptureScan, scanCapture } from './capture-leak-scan.ts';
import type { CapturedPacket } from './pcap.ts';
import { Sipp, type SippResult } from './sipp.ts';
import { Capture } from './tshark.ts';

/** A server, known only by what a peer knows of it. It must send calls for the passenger to `passenger.address`. */
export interface ServerUnderTest {
  readonly sip: Address;
  /** What the driver dials. */
  readonly serviceNumber: string;
  /** What both sides may see besides: the shown number if it is another one, the server's addresses and names. */
  readonly mayBeSeen: readonly string[];
}

/** The two sides need loopback addresses of their own, so that an address in the wrong place can be told from ours. */
export const DRIVER_HOST = ownLoopback(21);
export const PASSENGER_HOST = ownLoopback(22);

export interface MaskedCallsOptions {
  readonly server: ServerUnderTest;
  /** Started before, since the server has to know where the passenger is. */
  readonly passenger: Sipp;
  /** Several: each makes one call, in turn. */
  readonly driverNumber: string | readonly string[];
  readonly passengerNumber: string | readonly string[];
  readonly transport?: 'udp' | 'tcp';
  /** How the driver's side goes; default: answered, and hung up by the driver. */
  readonly driverScenario?: string;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly calls?: number;
  readonly atOnce?: number;
  readonly rate?: number;
  readonly timeoutSeconds?: number;
}

export interface MaskedCallsResult {
  readonly driver: SippResult;
  readonly passenger: SippResult;
  /** From and P-Asserted-Identity of each INVITE that reached the passenger, as they stood. */
  readonly passengerSaw: readonly string[];
  /** User part of the Request-URI of each INVITE that reached the passenger, repetitions left out. */
  readonly passengersCalled: readonly string[];
  /** All that crossed the two sides' addresses. */
  readonly packets: readonly CapturedPacket[];
  /** The scan of what tshark saw, independent of our own code but for the search itself. */
  readonly scan: CaptureScan;
}

/**
 * SIPp drivers call the service number, SIPp passengers are called, tshark watches both sides, and the capture is
 * scanned. Throws when either SIPp saw something else than its scenario says.
 */
export async function runMaskedCalls(options: MaskedCallsOptions): Promise<MaskedCallsResult> {
  const { server, passenger } = options;
  const drivers = [options.driverNumber].flat();
  const passengers = [options.passengerNumber].flat();
  const capture = await Capture.start(`host ${DRIVER_HOST} or host ${PASSENGER_HOST}`);
  try {
    const driver = await Sipp.start({
      scenario: options.driverScenario ?? 'driver-calls-service-number',
      host: DRIVER_HOST,
      transport: options.transport ?? 'udp',
      remote: server.sip,
      service: server.serviceNumber,
      ...(drivers.length > 1
        ? { callers: drivers }
        : { keys: { caller: drivers[0]!, caller_name: `Driver ${drivers[0]}` } }),
      settings: options.settings ?? {},
      calls: options.calls ?? 1,
      atOnce: options.atOnce ?? 1,
      rate: options.rate ?? 10,
      timeoutSeconds: options.timeoutSeconds ?? 30,
      toneHz: 440,
    });
    const driverResult = await driver.succeeded();
    const passengerResult = await passenger.succeeded();
    const number = (value: string): Secret => ({ kind: 'number', value });
    const packets = await capture.finish();
    const scan = scanCapture({
      packets,
      legs: [
        { name: 'driver', owns: ({ host }) => host === DRIVER_HOST, secrets: drivers.map(number) },
        {
          name: 'passenger',
          owns: ({ host }) => host === PASSENGER_HOST,
          secrets: passengers.map(number),
        },
      ],
      mayBeSeen: [server.serviceNumber, ...server.mayBeSeen],
    });
    const invites = invitesIn(passengerResult.messages);
    return {
      driver: driverResult,
      passenger: passengerResult,
      passengerSaw: identitiesIn(invites),
      passengersCalled: dialledIn(invites),
      packets,
      scan,
    };
  } finally {
    await capture.discard();
  }
}

/** The INVITEs that SIPp received, from its message log. */
function invitesIn(messages: string): string[] {
  return messages.split(/^-{20,}.*$/m).filter((part) => /message received[\s\S]*^INVITE /m.test(part));
}

/** From and P-Asserted-Identity, each distinct line once. */
function identitiesIn(invites: readonly string[]): string[] {
  const lines = invites.flatMap((text) => text.match(/^(?:From|f|P-Asserted-Identity)[ \t]*:.*$/gim) ?? []);
  return [...new Set(lines.map((line) => line.trim().replace(/;tag=.*/, '')))];
}

/** Who was called, once for each branch: a repetition has the same (RFC 3261 §17.2.3). */
function dialledIn(invites: readonly string[]): string[] {
  const byBranch = new Map(
    invites.map((text) => [
      /branch=([^;\s]+)/.exec(text)?.[1],
      /^INVITE sip:([^@]*)@/m.exec(text)?.[1] ?? '',
    ]),
  );
  return [...byBranch.values()];
}
