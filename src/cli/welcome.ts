import type { Settings } from '../config/schema.ts';
import type { Maskline } from '../main.ts';
import { familyOfHost, isWildcardHost, machineAddresses } from '../node/media-address.ts';
import type { Storage } from '../storage/storage.ts';
import { createKey } from './keys.ts';

const SCOPES: Parameters<typeof createKey>[1]['scopes'] = [
  'calls:read',
  'recordings:read',
  'numbers:read',
  'scenarios:read',
  'scenarios:start',
  'trunks:read',
  'users:read',
  'metrics:read',
];

/** A key for the example. It is made anew at each start, and the one of the last start is revoked: only it is printed. */
export async function exampleKey(storage: Storage, example: string): Promise<string> {
  const name = `example ${example}`;
  for (const key of await storage.apiKeys.list()) {
    if (key.name === name && key.revokedAt === undefined) await storage.apiKeys.revoke(key.id);
  }
  const { secret } = await createKey(storage, { name, scopes: SCOPES });
  return secret;
}

interface Running {
  readonly example: string;
  readonly settings: Settings;
  readonly maskline: Pick<Maskline, 'sip' | 'httpUrl'>;
  readonly key: string;
  readonly backendUrl: string | undefined;
}

/** What a newcomer does next: phones, the number, the API. The accounts' passwords are the example's, and public. */
export function welcome({ example, settings, maskline, key, backendUrl }: Running): string {
  const application = settings.applications[0];
  const users = application?.users ?? [];
  const { httpUrl } = maskline;
  const width = Math.max(...users.map((user) => user.name.length), 0);
  const accounts = users.map(
    ({ name, password, number }) =>
      `       user ${name.padEnd(width)}   password ${password}   (its number: ${number ?? 'none'})`,
  );
  const service = application?.numbers[0] ?? '';
  return [
    '',
    `Maskline runs with the ${example} example. What to do next:`,
    '',
    `  1. Set up ${users.length === 1 ? 'a SIP phone' : 'two SIP phones'}, such as Linphone or MicroSIP, with`,
    '',
    ...serverLines(maskline.sip).map((line) => `       ${line}`),
    ...accounts,
    '',
    ...(example === 'delivery'
      ? [
          '  2. Have it called, answer, and press 1:',
          '',
          `       ${startCommand(httpUrl, key, service, users[0]?.number ?? '', backendUrl)}`,
        ]
      : application?.masking === true
        ? [
            '  2. Start a backend that says who may talk, push or pull:',
            '',
            `       examples/${example}/push/README.md, examples/${example}/pull/README.md`,
          ]
        : [
            `  2. Dial ${service} on the first phone. The second rings and shows that number, not the caller's;`,
            '     answer, and the two are connected and recorded. From the second it gives a menu.',
          ]),
    '',
    '  3. See what happened:',
    '',
    `       curl -H "Authorization: Bearer ${key}" ${httpUrl}/v1/calls`,
    '',
    `  The API describes itself at ${httpUrl}/openapi.json.${backendUrl === undefined ? '' : ` The example's backend is ${backendUrl}.`}`,
    `  Database and recordings are in ${settings.data}. A real trunk: docs/guide/connect-a-trunk.md.`,
    '  Without any phone: script/server demo. Ctrl-C stops.',
    '',
  ].join('\n');
}

/** Where a phone finds us: addresses that can be typed into one, never a wildcard. */
function serverLines(sip: Maskline['sip']): string[] {
  const byAddress = Map.groupBy(sip, ({ host, port }) => `${host} ${port}`);
  return [...byAddress.values()].flatMap((listeners) => {
    const { host, port } = listeners[0]!;
    const transports = listeners.map(({ transport }) => transport.toUpperCase()).join(' or ');
    const loopback = familyOfHost(host) === 'ipv6' ? '::1' : '127.0.0.1';
    const hosts = isWildcardHost(host) ? [...machineAddresses(familyOfHost(host)), loopback] : [host];
    return hosts.map((one) => {
      const address = one.includes(':') ? `[${one}]:${port}` : `${one}:${port}`;
      const onlyHere = one === loopback ? '   (phones on this machine)' : '';
      return `server, domain ${address} over ${transports}${onlyHere}`;
    });
  });
}

function startCommand(
  httpUrl: string,
  key: string,
  show: string,
  phone: string,
  backend: string | undefined,
): string {
  const customData = { parcel: '17', phone, show, backend };
  return `curl -X POST ${httpUrl}/v1/scenarios/confirm/start -H "Authorization: Bearer ${key}" -H "Idempotency-Key: parcel-17" -H "Content-Type: application/json" -d '${JSON.stringify({ customData })}'`;
}
