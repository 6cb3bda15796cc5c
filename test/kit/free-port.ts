import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Below the kernel's ephemeral ports (`net.ipv4.ip_local_port_range`, from 32 768): a port of that range that is free
 * now may be some outgoing connection's a moment later, and then the peer that was to listen there cannot. Above the
 * media ports of the tests' servers.
 */
const RANGE = { first: 30_400, last: 32_700 };
/** Test workers run side by side, each with a part of the range of its own. */
const PARTS = 8;
const SIZE = Math.floor((RANGE.last - RANGE.first) / PARTS);

const part = Number(process.env.VITEST_POOL_ID ?? process.pid) % PARTS;
let next = process.pid % SIZE;

/** The first of `count` neighbouring ports on which nobody has UDP or TCP; later calls get others. */
export async function freePort(host = '127.0.0.1', count = 1): Promise<number> {
  for (let attempt = 0; attempt < SIZE; attempt++) {
    if (next + count > SIZE) next = 0;
    const first = RANGE.first + part * SIZE + next;
    next += count;
    if (await areFree(host, first, count)) return first;
  }
  throw new Error(`no ${count} neighbouring ports of ${host} are free from ${RANGE.first} to ${RANGE.last}`);
}

async function areFree(host: string, first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) {
    if (!((await canBindUdp(host, port)) && (await canListenTcp(host, port)))) return false;
  }
  return true;
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
