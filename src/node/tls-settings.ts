/** What the settings say of TLS, as the transport layer takes it: for listeners and towards trunks. */
import { resolve } from 'node:path';
import type { Settings } from '../config/schema.ts';
import { MasklineError } from '../kernel/errors.ts';
import type { ListenOptions, SecureClient, SecureServer, Target } from '../sip/transport/types.ts';
import { trunkBySource } from '../sip/user-agent/peer-match.ts';
import type { TrunkSettings, UserAgentDirectory } from '../sip/user-agent/types.ts';
import type { CertificateFiles, CertificatePaths } from './certificate-files.ts';

const MAX_ADDRESSES = 1_000;

type Listener = Settings['sip']['listen'][number];

/** A listener of the settings. Rejects with `config/invalid` when its certificate is missing or cannot be used. */
export async function listenOptions(
  listener: Listener,
  index: number,
  folder: string,
  files: CertificateFiles,
): Promise<ListenOptions> {
  const { transport, host, port, advertise, advertisePort, origins } = listener;
  const secure = await secureServer(listener, `/sip/listen/${index}`, folder, files);
  return {
    transport,
    host,
    port,
    ...(advertise === undefined ? {} : { advertisedHost: advertise }),
    ...(advertisePort === undefined ? {} : { advertisedPort: advertisePort }),
    ...(secure === undefined ? {} : { secure }),
    ...(origins === undefined ? {} : { origins }),
  };
}

async function secureServer(
  listener: Listener,
  where: string,
  folder: string,
  files: CertificateFiles,
): Promise<SecureServer | undefined> {
  const { transport, certificate, key, ca, clientCertificates = 'off' } = listener;
  if (transport !== 'tls' && transport !== 'wss') return undefined;
  if (certificate === undefined || key === undefined) {
    throw new MasklineError('config/invalid', `${where}: ${transport} needs certificate and key.`);
  }
  const paths: CertificatePaths = {
    certificate: resolve(folder, certificate),
    key: resolve(folder, key),
    ...(ca === undefined ? {} : { ca: resolve(folder, ca) }),
  };
  return { material: await files.open(paths), clientCertificates };
}

/**
 * How to speak TLS towards a target: with the files and the name of its trunk, if it is one; else as RFC 5922 §7.1 says,
 * by the authorities of the machine and the domain that was asked for.
 */
export function secureClientOf(
  directory: Pick<UserAgentDirectory, 'trunks'>,
  files: CertificateFiles,
): (target: Target) => Promise<SecureClient> {
  const ledTo = new Map<string, string>();
  return async (target) => {
    const asked = target.domain ?? target.host;
    const trunk = trunkOf(directory.trunks(), target, ledTo.get(asked));
    if (trunk !== undefined) remember(ledTo, target.host, trunk.id);
    const tls = trunk?.tls;
    const material = tls === undefined ? {} : (await files.open(tls))();
    const name = tls?.serverName ?? (trunk?.transport === 'tls' ? trunk.host : asked);
    return {
      // A wildcard is a name to expect and none to ask for.
      serverName: name.startsWith('*') ? asked : name,
      material,
      ...(tls?.verify === false ? {} : { expectedName: name }),
    };
  };
}

/** Addresses that trunks' names have led to: a Contact in a dialog names the address alone. Bounded. */
function remember(ledTo: Map<string, string>, host: string, trunkId: string): void {
  ledTo.delete(host);
  ledTo.set(host, trunkId);
  if (ledTo.size > MAX_ADDRESSES) ledTo.delete(ledTo.keys().next().value!);
}

/** By the name that was asked for, or, for a Contact that holds an address, by the trunk that it belongs to. */
function trunkOf(
  trunks: readonly TrunkSettings[],
  target: Target,
  knownId: string | undefined,
): TrunkSettings | undefined {
  const asked = (target.domain ?? target.host).toLowerCase();
  const named = trunks.filter(({ transport, host }) => transport === 'tls' && host.toLowerCase() === asked);
  return (
    named.find(({ port }) => port === target.port) ??
    named[0] ??
    trunks.find(({ id }) => id === knownId) ??
    trunkBySource(trunks, target.host)
  );
}
