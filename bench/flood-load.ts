/** The flood of bench/flood.ts, a process of its own. */
import { createSocket, type Socket } from 'node:dgram';

export interface FloodOrder {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface FloodReport {
  readonly sent: number;
  readonly seconds: number;
  /** What came back. */
  readonly answers: number;
}

const SOURCES = 200;
const HOST = '127.0.0.1';

function junk(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const method = ['OPTIONS', 'REGISTER', 'INVITE'][index % 3]!;
    const request = [
      `${method} sip:100@${HOST} SIP/2.0`,
      `Via: SIP/2.0/UDP 192.0.2.${index % 250}:5060;branch=z9hG4bK${index * 7919}`,
      `From: "sipvicious"<sip:100@1.1.1.1>;tag=${index}`,
      'To: "sipvicious"<sip:100@1.1.1.1>',
      `Call-ID: ${index * 104_729}`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:100@192.0.2.1:5060>',
      'Max-Forwards: 70',
      'User-Agent: friendly-scanner',
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
    if (index % 4 === 0) return Buffer.from(request);
    if (index % 4 === 1) return Buffer.from(request.slice(0, (index * 13) % request.length));
    if (index % 4 === 2) return Buffer.from(request.replaceAll(':', ''));
    return Buffer.from(
      Array.from({ length: 40 + (index % 400) }, (_unused, at) => (index * 31 + at * 17) & 0xff),
    );
  });
}

async function bound(host: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  return socket;
}

process.once('message', async ({ port, perSecond, seconds }: FloodOrder) => {
  const sockets = await Promise.all(
    Array.from({ length: SOURCES }, (_, index) =>
      bound(`127.9.${Math.floor(index / 200)}.${1 + (index % 200)}`),
    ),
  );
  let answers = 0;
  for (const socket of sockets) socket.on('message', () => answers++);
  const packets = junk(1_009);
  const begun = performance.now();
  let sent = 0;
  while (performance.now() - begun < seconds * 1000) {
    const due = Math.floor(((performance.now() - begun) / 1000) * perSecond);
    for (; sent < due; sent++) sockets[sent % SOURCES]!.send(packets[sent % packets.length]!, port, HOST);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const report: FloodReport = { sent, seconds: (performance.now() - begun) / 1000, answers };
  process.send!(report, () => {
    for (const socket of sockets) socket.close();
    process.disconnect();
  });
});
