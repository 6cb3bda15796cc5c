import type { Settings } from '../config/schema.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { DialogLayer } from '../sip/dialog/dialog-layer.ts';
import { nodeDns } from '../sip/resolver/node-dns.ts';
import { createResolver } from '../sip/resolver/resolve.ts';
import { TransactionLayer } from '../sip/transaction/transaction-layer.ts';
import { FLOOD_LIMITS } from '../sip/transport/flood-guard.ts';
import { TransportLayer } from '../sip/transport/transport-layer.ts';
import type { Address, Network, TransportName } from '../sip/transport/types.ts';
import { createFlowTo } from '../sip/user-agent/flow-to.ts';
import { trunkBySource } from '../sip/user-agent/peer-match.ts';
import type { LocationStore, UserAgentDirectory } from '../sip/user-agent/types.ts';
import { SipUserAgent } from '../sip/user-agent/user-agent.ts';
import { CertificateFiles } from './certificate-files.ts';
import { listenOptions, secureClientOf } from './tls-settings.ts';

export interface SipStackOptions {
  readonly settings: Settings['sip'];
  readonly network: Network;
  readonly directory: UserAgentDirectory;
  readonly locations: LocationStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface SipStack {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly dialogs: DialogLayer;
  readonly userAgent: SipUserAgent;
  readonly certificates: CertificateFiles;
}

/** Opens the listeners of the settings, in order; `folder` is where relative paths start. Rejects when an address is taken. */
export async function listenSip(
  { transport, certificates }: SipStack,
  settings: Settings['sip'],
  folder: string,
): Promise<readonly (Address & { readonly transport: TransportName })[]> {
  const bound: (Address & { transport: TransportName })[] = [];
  for (const [index, listener] of settings.listen.entries()) {
    const options = await listenOptions(listener, index, folder, certificates);
    bound.push({ ...(await transport.listen(options)), transport: listener.transport });
  }
  return bound;
}

/** The layers of RFC 3261 §5, bottom up: transport, transactions, dialogs, user agent. Nothing listens yet. */
export function createSipStack(options: SipStackOptions): SipStack {
  const { settings, network, directory, locations, clock, random, log } = options;
  // A busy trunk is no flood: sources that the settings name have no budget.
  const isTrusted = (host: string): boolean => trunkBySource(directory.trunks(), host) !== undefined;
  const { connectionsPerSource } = settings;
  const limits = {
    flood: { ...FLOOD_LIMITS, isTrusted },
    ...(connectionsPerSource === undefined ? {} : { connectionsPerSource }),
  };
  const certificates = new CertificateFiles(clock, log);
  const secureClient = secureClientOf(directory, certificates);
  const transport = new TransportLayer({ network, clock, random, log, limits, secureClient });
  const timers = { t1: settings.t1Ms };
  const transactions = new TransactionLayer({ transport, clock, random, log, timers });
  const resolver = createResolver({ dns: nodeDns, random, clock });
  const dialogs = new DialogLayer({
    transactions,
    clock,
    random,
    log,
    timers,
    sessionTimer: settings.sessionTimer,
    flowTo: createFlowTo(resolver, transport),
  });
  const userAgent = new SipUserAgent({
    transport,
    transactions,
    dialogs,
    resolver,
    directory,
    locations,
    clock,
    random,
    log,
    settings: {
      domain: settings.domain,
      allowMd5: settings.allowMd5,
      allowSha256: settings.allowSha256,
      answerUnknownOptions: settings.answerUnknownOptions,
      failoverSeconds: settings.failoverSeconds,
    },
  });
  return { transport, transactions, dialogs, userAgent, certificates };
}

/** How often is looked whether the last words have been answered, ms. */
const LOOK_MS = 20;

/**
 * Ends SIP when the last call has ended: BYEs without an answer, refusals and answers without an ACK are repeated for up to
 * `patienceMs` more, since whoever has lost one of them would otherwise keep its call.
 */
export async function closeSip(stack: SipStack, clock: Clock, patienceMs: number): Promise<void> {
  await stack.userAgent.close();
  const end = clock.monotonic() + patienceMs;
  const isOpen = (): boolean => stack.transactions.unfinished + stack.dialogs.unacknowledged > 0;
  while (isOpen() && clock.monotonic() < end) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, LOOK_MS));
  }
  stack.dialogs.close();
  stack.transactions.close();
  await stack.transport.close();
  stack.certificates.close();
}
