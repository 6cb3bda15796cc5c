/** A whole server on a virtual network, and peers around it. */
import { seededRandom } from '../../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../../../test/kit/virtual-network.ts';
import { silentLogger } from '../../../kernel/logger.ts';
import type { PhoneNumber } from '../../../kernel/phone-number.ts';
import { DialogLayer } from '../../dialog/dialog-layer.ts';
import type { SessionTimerSettings } from '../../dialog/types.ts';
import { createResolver } from '../../resolver/resolve.ts';
import { TransactionLayer } from '../../transaction/transaction-layer.ts';
import { TransportLayer } from '../../transport/transport-layer.ts';
import type { SecureServer } from '../../transport/types.ts';
import { createFlowTo } from '../flow-to.ts';
import type { IncomingCall, TrunkSettings, UserAccount } from '../types.ts';
import { SipUserAgent, type UserAgentSettings } from '../user-agent.ts';
import { MemoryLocations } from './memory-locations.ts';
import { RawCredentials, RawPeer, SERVER } from './raw-peer.ts';
import { DOMAIN } from './settings.ts';

export interface SceneOptions {
  readonly trunks?: readonly TrunkSettings[];
  readonly users?: readonly UserAccount[];
  readonly settings?: Partial<UserAgentSettings>;
  /** Addresses of names. */
  readonly hosts?: Readonly<Record<string, readonly string[] | Promise<readonly string[]>>>;
  /** SRV records of names. */
  readonly srv?: Readonly<Record<string, readonly { port: number; name: string }[]>>;
  /** A TLS listener at 5061 with a certificate for `sip.maskline.test`. */
  readonly tls?: Pick<SecureServer, 'clientCertificates'>;
  /** Session timers of the dialog layer; default none. */
  readonly sessionTimer?: SessionTimerSettings;
  /** Nobody takes calls. */
  readonly deaf?: boolean;
}

export async function scene(options: SceneOptions = {}) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const network = new VirtualNetwork({ clock, random });
  const log = silentLogger;
  const transport = new TransportLayer({ network: network.host(SERVER.host), clock, random, log });
  const transactions = new TransactionLayer({ transport, clock, random, log });
  const dns = {
    srv: async (name: string) =>
      (options.srv?.[name] ?? []).map((record) => ({ priority: 1, weight: 0, ...record })),
    addresses: async (name: string) => options.hosts?.[name] ?? [],
  };
  const resolver = createResolver({ dns, random, clock });
  const dialogs = new DialogLayer({
    transactions,
    clock,
    random,
    log,
    ...(options.sessionTimer === undefined ? {} : { sessionTimer: options.sessionTimer }),
    flowTo: createFlowTo(resolver, transport),
  });
  const locations = new MemoryLocations();
  const trunks = [...(options.trunks ?? [])];
  const users = options.users ?? [];
  const directory = {
    trunks: () => trunks,
    userByName: (name: string) => users.find(({ username }) => username === name),
    userByNumber: (number: PhoneNumber) => users.find((user) => user.number?.equals(number)),
  };
  const agent = new SipUserAgent({
    transport,
    transactions,
    dialogs,
    resolver,
    directory,
    locations,
    clock,
    random,
    log,
    settings: { domain: DOMAIN, ...options.settings },
  });
  await transport.listen({ transport: 'udp', host: '0.0.0.0', port: SERVER.port });
  await transport.listen({ transport: 'tcp', host: '0.0.0.0', port: SERVER.port });
  if (options.tls !== undefined) {
    const secure = { material: () => ({ certificate: 'sip.maskline.test' }), ...options.tls };
    await transport.listen({ transport: 'tls', host: '0.0.0.0', port: SERVER.port + 1, secure });
  }
  const calls: IncomingCall[] = [];
  if (options.deaf !== true) agent.events.on('call', (call) => calls.push(call));
  const peers: RawPeer[] = [];
  return {
    clock,
    network,
    transport,
    transactions,
    dialogs,
    agent,
    locations,
    trunks,
    calls,
    async peer(host: string, port?: number): Promise<RawPeer> {
      const peer = await RawPeer.at(network.host(host), host, port);
      peers.push(peer);
      return peer;
    },
    credentials: (username: string, password: string) => new RawCredentials(username, password, random),
    /** Ends everything and says what is left. */
    async close() {
      const closing = agent.close();
      await clock.advance(3_000);
      await closing;
      dialogs.close();
      await clock.advance(70_000);
      const left = {
        sessions: dialogs.counts.sessions,
        dialogs: dialogs.counts.dialogs,
        transactions: transactions.counts.live,
      };
      transactions.close();
      await transport.close();
      for (const peer of peers) peer.close();
      await clock.advance(1_000);
      return { ...left, timers: clock.pending, sockets: network.counts };
    },
  };
}

export type Scene = Awaited<ReturnType<typeof scene>>;

/** What `close` says of a server that has left nothing running. */
export const NOTHING_LEFT = {
  sessions: 0,
  dialogs: 0,
  transactions: 0,
  timers: 0,
  sockets: { datagram: 0, listeners: 0, streams: 0 },
};
