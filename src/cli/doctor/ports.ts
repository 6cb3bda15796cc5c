import { isIP } from 'node:net';
import { checkPorts } from '../../media/preflight.ts';
import { machineAddresses, mediaAddresses } from '../../node/media-address.ts';
import type { Address, Network } from '../../sip/transport/types.ts';
import { type Check, type Finding, messageOf, ok, type Patient, problem, warning } from './diagnosis.ts';

const NOBODY = { onMessage: () => {}, onError: () => {} };

/** Can every port that the settings name be bound? One that a serving node of ours holds is fine. */
export const checkBinding: Check = async (patient) => {
  const { settings, network } = patient;
  const found: Finding[] = [];
  for (const { transport, host, port } of settings.sip.listen) {
    const name = `port ${transport} ${host}:${port}`;
    const bind = transport === 'udp' ? bindUdp : listenTcp;
    found.push(await canBind(patient, name, () => bind(network, { host, port })));
  }
  const { host, port } = settings.http;
  found.push(await canBind(patient, `port http ${host}:${port}`, () => listenTcp(network, { host, port })));
  return [...found, ...(await mediaPorts(patient))];
};

async function mediaPorts({ settings, network }: Patient): Promise<Finding[]> {
  const { host, ipv6, ports } = settings.media;
  const warnings = checkPorts(ports).map((says) => warning('media ports', says, 'Change media.ports.'));
  const found = [...warnings, await mediaPortsOn(network, host, ports, 'media.host')];
  if (ipv6 !== undefined) found.push(await mediaPortsOn(network, ipv6.host, ports, 'media.ipv6.host'));
  return found;
}

async function mediaPortsOn(
  network: Network,
  host: string,
  ports: { readonly min: number; readonly max: number },
  setting: string,
): Promise<Finding> {
  try {
    // Any of them will do: others may carry calls.
    for (let port = ports.max - (ports.max % 2); port >= ports.min; port -= 2) {
      if (await isFree(network, { host, port }))
        return ok('media ports', `UDP ${ports.min}-${ports.max} on ${host}.`);
    }
  } catch (error) {
    return problem('media ports', `${host}: ${messageOf(error)}`, `Correct ${setting} and media.ports.`);
  }
  return problem(
    'media ports',
    `None of ${ports.min}-${ports.max} on ${host} is free.`,
    'Change media.ports.',
  );
}

async function isFree(network: Network, at: Address): Promise<boolean> {
  try {
    await bindUdp(network, at);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

async function canBind(patient: Patient, name: string, bind: () => Promise<void>): Promise<Finding> {
  try {
    await bind();
    return ok(name, patient.isServing ? 'Free, although a node serves: it has other settings.' : 'Free.');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && patient.isServing) return ok(name, 'Held by the node that serves.');
    if (code === 'EADDRINUSE')
      return problem(
        name,
        'Another program has it.',
        'Stop that program (ss -tulpn names it), or choose another port.',
      );
    if (code === 'EADDRNOTAVAIL')
      return problem(
        name,
        'This machine does not have that address.',
        'Correct the host; 0.0.0.0 means all addresses.',
      );
    if (code === 'EACCES')
      return problem(
        name,
        'Ports below 1024 need a privilege.',
        'Grant CAP_NET_BIND_SERVICE, or choose another port.',
      );
    return problem(name, messageOf(error), 'Correct the listener in the settings.');
  }
}

async function bindUdp(network: Network, at: Address): Promise<void> {
  const socket = await network.bindDatagram(at, NOBODY);
  socket.close();
}

async function listenTcp(network: Network, at: Address): Promise<void> {
  const listener = await network.listenStream(at, () => ({ onData: () => {}, onClose: () => {} }));
  listener.close();
}

/**
 * The address that peers are told. Behind NAT the machine does not know it: a private one that is advertised to a
 * public trunk means calls without sound.
 */
export const checkAddress: Check = async (patient) => {
  const { media } = patient.settings;
  try {
    const { advertised } = await mediaAddresses(media, patient.network);
    const { ipv6 } = media;
    return Object.values(advertised).map((told) =>
      ipv6 !== undefined && told.includes(':')
        ? judgeAddress(patient, told, ipv6.advertise === 'auto', 'media.ipv6.advertise')
        : judgeAddress(patient, told, media.advertise === 'auto', 'media.advertise'),
    );
  } catch (error) {
    return [problem('external address', messageOf(error), 'Correct media.host and media.ipv6.')];
  }
};

function judgeAddress({ settings }: Patient, told: string, found: boolean, setting: string): Finding {
  const isIpv6 = told.includes(':');
  // Whoever is named by an address of the other IP version is not told this one.
  const trunks = settings.trunks.filter(
    ({ host: peer }) => !isPrivate(peer) && (isIP(peer) === 0 || peer.includes(':') === isIpv6),
  );
  const says = `Peers are told ${told} for sound${found ? ' (found by itself)' : ''}.`;
  if (isPrivate(told) && trunks.length > 0) {
    return warning(
      'external address',
      `${says} It is a private address, and ${trunks.map(({ name }) => name).join(', ')} is not in this network.`,
      `Behind NAT set ${setting} and sip.listen[].advertise to the public address, and forward the ports.`,
    );
  }
  const isOurs = [...machineAddresses('ipv4'), ...machineAddresses('ipv6'), '127.0.0.1', '::1'].includes(
    told,
  );
  return ok(
    'external address',
    isOurs ? says : `${says} It is not of this machine: a NAT must forward to it.`,
  );
}

/** RFC 1918, RFC 6598, RFC 4193, link-local and loopback; a name counts as public. */
export function isPrivate(host: string): boolean {
  const bytes = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  if (bytes === null) return /^(?:::1$|f[cd]|fe[89ab])/i.test(host) || host === 'localhost';
  const [first, second] = [Number(bytes[1]), Number(bytes[2])];
  return (
    first === 10 ||
    first === 127 ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second < 128)
  );
}
