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

/** Whom a dispatcher leads new calls to, in turn. */
export interface DispatcherOptions {
  readonly host: string;
  readonly nodes: readonly Address[];
}

/** Kamailio, staying in the path of every dialog, over UDP and TCP. */
export class Kamailio {
  readonly address: Address;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string, address: Address) {
    this.#child = child;
    this.#folder = folder;
    this.address = address;
  }

  /** As a proxy on both sides of one server. */
  static start({ host, server, numbers }: KamailioOptions): Promise<Kamailio> {
    return Kamailio.#start(host, () => proxyRoutes(server, numbers));
  }

  /** As a dispatcher in front of several nodes; those that do not answer OPTIONS with 2xx get no calls. */
  static dispatcher({ host, nodes }: DispatcherOptions): Promise<Kamailio> {
    return Kamailio.#start(host, (folder) => {
      const list = join(folder, 'dispatcher.list');
      writeFileSync(list, nodes.map((node) => `1 sip:${node.host}:${node.port}\n`).join(''));
      return dispatcherRoutes(list);
    });
  }

  static async #start(host: string, routes: (folder: string) => Routes): Promise<Kamailio> {
    const port = await freePort(host);
    const folder = mkdtempSync(join(tmpdir(), 'maskline-kamailio-'));
    const file = join(folder, 'kamailio.cfg');
    writeFileSync(file, configText(host, port, routes(folder)));
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

  /** All that it has written. */
  output(): string {
    return this.#child.output();
  }

  /** How often a dispatcher has said that a node went `up` or `down`. */
  changes(node: Address, to: 'up' | 'down'): number {
    return this.#child.output().split(`node ${to} sip:${node.host}:${node.port};`).length - 1;
  }

  async stop(): Promise<void> {
    await this.#child.stop().catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the two uses differ in. */
interface Routes {
  readonly modules: string;
  /** Where a request goes that begins a dialog. */
  readonly place: string;
  readonly events: string;
}

/** Its processes are few: two for UDP, one for TCP, beside those that it always has. */
function configText(host: string, port: number, { modules, place, events }: Routes): string {
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
${modules}

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
${place}
  t_relay();
}
${events}`;
}

function proxyRoutes(server: Address, numbers: KamailioOptions['numbers']): Routes {
  const places = [...numbers].map(
    ([number, { host, port }]) =>
      `    if ($rU == "${number}") $du = "sip:${host}:${port}" + $var(transport);`,
  );
  const place = `  $var(transport) = ";transport=udp";
  if (proto == TCP) $var(transport) = ";transport=tcp";
  if ($si == "${server.host}") {
${places.join('\n')}
  } else {
    $du = "sip:${server.host}:${server.port}" + $var(transport);
  }`;
  return { modules: '', place, events: '' };
}

/** OPTIONS each second, and no patience, so that a test is over soon. Algorithm 4: in turn. */
function dispatcherRoutes(list: string): Routes {
  const said = (change: string) => `event_route[dispatcher:dst-${change}] {
  xlog("L_ALERT", "node ${change} $ru;\\n");
}
`;
  return {
    modules: `loadmodule "xlog.so"
loadmodule "dispatcher.so"
modparam("tm", "fr_timer", 300)
modparam("dispatcher", "list_file", "${list}")
modparam("dispatcher", "ds_ping_interval", 1)
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_ping_reply_codes", "class=2")
modparam("dispatcher", "ds_ping_from", "sip:dispatcher@maskline.local")`,
    place: `  if (!ds_select_dst("1", "4")) {
    sl_send_reply("503", "No Node");
    exit;
  }`,
    events: said('up') + said('down'),
  };
}
