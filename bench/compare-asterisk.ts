/** Asterisk in the place of the server: a dialplan of one extension between the generator's drivers and passengers. */
import type { ChildProcess } from 'node:child_process';
import { Asterisk } from '../test/interop/asterisk.ts';
import { freePort } from '../test/kit/free-port.ts';
import { aimLoad, LoadedServer, startLoad } from './loaded-server.ts';
import type { LoadPorts } from './sip-load.ts';
import { LOAD_HOST, SERVICE_NUMBER, SLOTS } from './sip-load-calls.ts';

export class AsteriskStage extends LoadedServer {
  readonly #asterisk: Asterisk;

  private constructor(load: ChildProcess, asterisk: Asterisk) {
    super(load);
    this.#asterisk = asterisk;
  }

  static async open(): Promise<AsteriskStage> {
    const { load, ports } = await startLoad();
    let asterisk: Asterisk | undefined;
    try {
      const listen = { host: LOAD_HOST, port: await freePort(LOAD_HOST) };
      asterisk = await Asterisk.start({
        listen,
        pjsip: pjsip(listen.port, ports),
        extensions: EXTENSIONS,
        // As bench/stage.ts gives Maskline.
        mediaPorts: { min: 12_000, max: 32_000 },
        quiet: true,
      });
      await aimLoad(load, listen.port);
      return new AsteriskStage(load, asterisk);
    } catch (error) {
      await asterisk?.stop();
      load.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.#asterisk.pid;
  }

  /** How the calls that are up are bridged, such as `100 × native_rtp`. */
  async bridges(): Promise<string> {
    const rows = (await this.#asterisk.console('bridge show all')).match(/^[0-9a-f-]{36} .*$/gm) ?? [];
    const technologies = Map.groupBy(rows, (row) => row.trim().split(/\s+/).at(-2));
    return [...technologies].map(([technology, calls]) => `${calls.length} × ${technology}`).join(', ');
  }

  async close(): Promise<void> {
    await this.endLoad();
    await this.#asterisk.stop();
  }
}

/** Whoever comes from the generator's address is a driver; without `direct_media`, sound goes through Asterisk. */
function pjsip(port: number, ports: LoadPorts): string {
  const endpoint = (name: string): string[] => [
    `[${name}]`,
    'type=endpoint',
    'transport=transport-udp',
    `context=from-${name}`,
    'disallow=all',
    'allow=alaw',
    'direct_media=no',
    'dtmf_mode=rfc4733',
    `aors=${name}`,
  ];
  return [
    '[transport-udp]',
    'type=transport',
    'protocol=udp',
    `bind=${LOAD_HOST}:${port}`,
    ...endpoint('driver'),
    '[driver]',
    'type=identify',
    'endpoint=driver',
    `match=${LOAD_HOST}`,
    '[driver]',
    'type=aor',
    `contact=sip:${LOAD_HOST}:${ports.driver}`,
    ...endpoint('passenger'),
    '[passenger]',
    'type=aor',
    `contact=sip:${LOAD_HOST}:${ports.passenger}`,
    '',
  ].join('\n');
}

/** The passenger of a driver has the number 500 above, and sees the service number. */
const EXTENSIONS = [
  '[from-driver]',
  `exten => ${SERVICE_NUMBER},1,Set(passenger=+447700900$[\${CALLERID(num):-3} + ${SLOTS}])`,
  ` same => n,Set(CALLERID(all)=<${SERVICE_NUMBER}>)`,
  ' same => n,Dial(PJSIP/${passenger}@passenger)',
  '',
].join('\n');
