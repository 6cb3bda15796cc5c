import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../src/sip/transport/types.ts';
import { freePort } from '../kit/free-port.ts';
import { type Child, isBound, startChild, until } from './child.ts';

export interface KamailioOptions {
  readonly host: string;
  /** The server under test: what comes from its address goes to the numbers' places, all else goes to it. */
  readonly server: Address;
  readonly numbers: ReadonlyMap<string, Address>;
}

/** Kamailio as a proxy that stays in the path of every dialog, over UDP and TCP. */
export class Kamailio {
  readonly address: Address;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string, address: Address) {
    this.#child = child;
    this.#folder = folder;
    this.address = address;
  }

  static async start(options: KamailioOptions): Promise<Kamailio> {
    const { host } = options;
    const port = await freePort(host);
    const folder = mkdtempSync(join(tmpdir(), 'maskline-kamailio-'));
    const file = join(folder, 'kamailio.cfg');
    writeFileSync(file, configText(options, port));
    const child = startChild('kamailio', [
      ...['-f', file, '-DD', '-E', '-m', '32', '-M', '4'],
      ...['-Y', folder, '-P', join(folder, 'pid')],
    ]);
    const kamailio = new Kamailio(child, folder, { host, port });
    const gone = child.exited.then((status) => {
      throw new Error(`kamailio ended with ${status}:\n${child.output()}`);
    });
    const ready = until(
      () => isBound('udp', port) && isBound('tcp', port),
      () => `for kamailio to listen:\n${child.output()}`,
    );
    try {
      await Promise.race([gone, ready]);
    } catch (error) {
      await kamailio.stop();
      throw error;
    }
    gone.catch(() => {});
    return kamailio;
  }

  async stop(): Promise<void> {
    await this.#child.stop().catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Its processes are few: two for UDP, one for TCP, beside those that it always has. */
function configText({ host, server, numbers }: KamailioOptions, port: number): string {
  const places = [...numbers].map(
    ([number, place]) =>
      `    if ($rU == "${number}") $du = "sip:${place.host}:${place.port}" + $var(transport);`,
  );
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=2
tcp_children=1
tcp_source_ipv4=${host}
auto_aliases=no
dns=no
rev_dns=no
listen=udp:${host}:${port}
listen=tcp:${host}:${port}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"

request_route {
  if (!mf_process_maxfwd_header("10")) {
    sl_send_reply("483", "Too Many Hops");
    exit;
  }
  force_rport();
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  if (has_totag()) {
    if (loose_route()) {
      t_relay();
      exit;
    }
    # The ACK of a final response that is no 2xx.
    if (is_method("ACK") && t_check_trans()) t_relay();
    else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
    exit;
  }
  t_check_trans();
  record_route();
  $var(transport) = ";transport=udp";
  if (proto == TCP) $var(transport) = ";transport=tcp";
  if ($si == "${server.host}") {
${places.join('\n')}
  } else {
    $du = "sip:${server.host}:${server.port}" + $var(transport);
  }
  t_relay();
}
`;
}
