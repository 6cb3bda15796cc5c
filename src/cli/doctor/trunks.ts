import { CertificateFiles } from '../../node/certificate-files.ts';
import { declaredDirectory } from '../../node/declared-directory.ts';
import { secureClientOf } from '../../node/tls-settings.ts';
import { topVia } from '../../sip/message/fields.ts';
import type { SipResponse } from '../../sip/message/types.ts';
import { nodeDns } from '../../sip/resolver/node-dns.ts';
import { createResolver } from '../../sip/resolver/resolve.ts';
import { TransactionLayer } from '../../sip/transaction/transaction-layer.ts';
import { TransportLayer } from '../../sip/transport/transport-layer.ts';
import { TrunkQuestion } from '../../sip/user-agent/trunk-question.ts';
import type { TrunkSettings } from '../../sip/user-agent/types.ts';
import { compareClocks } from './clock.ts';
import { type Check, type Finding, ok, type Patient, problem, warning } from './diagnosis.ts';
import { isPrivate } from './ports.ts';

/** 64·T1 is then 6.4 s: somebody waits for the answer at a terminal. */
const T1_MS = 100;

/**
 * Asks every trunk with OPTIONS, from a port of our own beside the node's. What it answers does not matter; that it
 * answers does. Its Via tells at which address it sees us (RFC 3581), its Date what time it has (RFC 3261 §20.17).
 */
export const checkTrunks: Check = async (patient) => {
  const { settings, folder } = patient;
  if (settings.trunks.length === 0) {
    return [
      warning(
        'trunks',
        'No trunk is set up: calls reach SIP accounts only.',
        'docs/guide/connect-a-trunk.md shows how.',
      ),
    ];
  }
  const declared = await declaredDirectory(settings, folder);
  const trunks = declared.trunks.map((trunk, index): TrunkSettings => ({ ...trunk, id: String(index) }));
  return (
    await withStack(patient, trunks, (stack) =>
      Promise.all(trunks.map((trunk) => ask(trunk, stack, patient))),
    )
  ).flat();
};

interface Stack {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
}

async function withStack<T>(
  { settings, network, clock, random, log }: Patient,
  trunks: readonly TrunkSettings[],
  use: (stack: Stack) => Promise<T>,
): Promise<T> {
  const certificates = new CertificateFiles(clock, log);
  const secureClient = secureClientOf({ trunks: () => trunks }, certificates);
  const transport = new TransportLayer({ network, clock, random, log, secureClient });
  const transactions = new TransactionLayer({ transport, clock, random, log, timers: { t1: T1_MS } });
  // Strangers have no business with a doctor; nobody above answers them.
  transactions.user = { onRequest: () => {}, onInvite: () => {}, onAck: () => {}, onStray2xx: () => {} };
  try {
    const hosts = new Map(settings.sip.listen.map(({ host, advertise }) => [host, advertise]));
    for (const [host, advertise] of hosts) {
      const advertised = advertise === undefined ? {} : { advertisedHost: advertise };
      for (const transportName of ['udp', 'tcp'] as const)
        await transport.listen({ transport: transportName, host, port: 0, ...advertised });
    }
    return await use({ transport, transactions });
  } finally {
    transactions.close();
    await transport.close();
    certificates.close();
  }
}

async function ask(trunk: TrunkSettings, stack: Stack, patient: Patient): Promise<Finding[]> {
  const { clock, random } = patient;
  const check = `trunk ${trunk.name}`;
  const resolver = createResolver({ dns: nodeDns, random, clock });
  const begun = clock.monotonic();
  const answer = await new TrunkQuestion(trunk, { ...stack, resolver, random }).ask();
  if (typeof answer === 'string') {
    return [
      problem(
        check,
        `${answer} (${trunk.transport}, ${trunk.host}${trunk.port === undefined ? '' : `:${trunk.port}`}).`,
        'Check host, port and transport with the provider, and the firewall on the way; some providers answer known addresses only.',
      ),
    ];
  }
  const ms = Math.round(clock.monotonic() - begun);
  return [
    ok(check, `It answers OPTIONS with ${answer.status} in ${ms} ms.`),
    ...seenFrom(trunk, answer),
    ...timeOf(trunk, answer, clock.now()),
  ];
}

/** The trunk's own words on where we are: a NAT that nobody told us of shows here. */
function seenFrom({ name }: TrunkSettings, answer: SipResponse): Finding[] {
  const { host, params } = topVia(answer);
  const received = params.get('received');
  if (received === undefined || received === null || received === host) return [];
  const says = `Trunk ${name} sees us at ${received}, and we say that we are ${host}.`;
  if (isPrivate(host) && !isPrivate(received))
    return [
      warning(
        'external address',
        says,
        `Behind NAT: set media.advertise and sip.listen[].advertise to ${received}.`,
      ),
    ];
  return [ok('external address', says)];
}

function timeOf({ name }: TrunkSettings, answer: SipResponse, now: number): Finding[] {
  const date = Date.parse(answer.headers.get('Date') ?? '');
  return Number.isNaN(date) ? [] : [compareClocks('clock of a trunk', `trunk ${name}`, date, now)];
}
