import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

/**
 * Below the kernel's ephemeral ports (`net.ipv4.ip_local_port_range`, from 32 768): a port of that range that is free
 * now may be some outgoing connection's a moment later, and then the peer that was to listen there cannot. Above the
 * media ports of the tests' servers.
 */
const FIRST = 30_400;
const COUNT = 2_300;

/** Where this process begins to look, so that processes side by side seldom ask for the same port. */
let next = (process.pid * 97) % COUNT;

/**
 * The first of `count` neighbouring ports on which nobody has UDP or TCP. Nobody else gets them from here while this
 * process lives, whether they are bound yet or not, and neither do later calls.
 */
export async function freePort(host = '127.0.0.1', count = 1): Promise<number> {
  for (let looked = 0; looked < COUNT; looked += count) {
    if (next + count > COUNT) next = 0;
    const first = FIRST + next;
    next += count;
    if (await takeAll(host, first, count)) return first;
  }
  throw new Error(`no ${count} neighbouring ports of ${host} are free from ${FIRST} to ${FIRST + COUNT - 1}`);
}

async function takeAll(host: string, first: number, count: number): Promise<boolean> {
  const claims: Server[] = [];
  for (let port = first; port < first + count; port++) {
    const claim = await claimed(port);
    if (claim !== undefined) claims.push(claim);
    if (claim === undefined || !(await canBindUdp(host, port)) || !(await canListenTcp(host, port))) {
      for (const taken of claims) taken.close();
      return false;
    }
  }
  return true;
}

/**
 * A port that is free may be asked for by two processes before either has bound it. So whoever asks listens on an
 * abstract Unix socket of the port's name (unix(7)): there is one in the network namespace, no file stays behind, and
 * the kernel closes it when the process ends, however it ends.
 */
function claimed(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const claim = createServer();
    claim.once('error', () => resolve(undefined));
    claim.listen({ path: `\0maskline-test-port-${port}` }, () => resolve(claim.unref()));
  });
}

function canBindUdp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function canListenTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
