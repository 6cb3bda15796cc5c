import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '../../src/cli/keys.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { type Maskline, startMaskline } from '../../src/main.ts';
import type { AnswerScript } from '../../src/phone/behaviour.ts';
import { Phone } from '../../src/phone/phone.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import type { SpeechSynthesis } from '../../src/scenario/ports.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { expectUnattacked, soundsOf } from './attack-check.ts';
import { expectNothingLeft } from './leak-check.ts';
import { mediaPorts } from './media-ports.ts';
import { putDatabase } from './migrated-database.ts';
import { RtpAttacker } from './rtp-attacker.ts';
import { HOST } from './whole-server.ts';

export interface ExampleOptions {
  /** Settings in the example's folder; default `maskline.yaml`. */
  readonly file?: string;
  /** Stands for the backend's URL, whose port is another one here. */
  readonly customData?: string;
  /** Further changes of the settings. */
  readonly adjust?: (settings: Settings) => Settings;
  readonly speech?: SpeechSynthesis;
}

/** A shipped example with the settings that it ships, but for ports, and addresses of the loopback. */
export class ExampleServer {
  readonly settings: Settings;
  readonly maskline: Maskline;
  readonly data: string;
  readonly #phones: Phone[] = [];
  /** As in the whole-server tests: whatever the example does, a stranger attacks its media ports meanwhile. */
  readonly #attacker: RtpAttacker;

  private constructor(settings: Settings, maskline: Maskline, data: string, attacker: RtpAttacker) {
    this.#attacker = attacker;
    attacker.guessedSsrcs = () => soundsOf(this.#phones).map(({ ssrc }) => ssrc);
    this.settings = settings;
    this.maskline = maskline;
    this.data = data;
  }

  static async start(name: string, options: ExampleOptions = {}): Promise<ExampleServer> {
    const { file: settingsFile = 'maskline.yaml' } = options;
    const file = fileURLToPath(new URL(`../../examples/${name}/${settingsFile}`, import.meta.url));
    const { settings: shipped, folder } = loadSettings(file, {});
    const data = await mkdtemp(join(tmpdir(), `maskline-${name}-`));
    await putDatabase(data);
    const { customData, adjust = (same: Settings) => same, speech } = options;
    const settings = adjust({
      ...shipped,
      data,
      sip: { ...shipped.sip, listen: [{ transport: 'udp', host: HOST, port: 0 }] },
      media: { ...shipped.media, host: HOST, ports: mediaPorts() },
      http: { ...shipped.http, port: 0 },
      // The tests share its thread: how late that is says nothing of the server.
      limits: { ...shipped.limits, latenessMs: 0 },
      applications: shipped.applications.map((application) => ({
        ...application,
        rules: application.rules.map((rule) => (customData === undefined ? rule : { ...rule, customData })),
      })),
    });
    const log = createLogger('error');
    return new ExampleServer(
      settings,
      await startMaskline({
        settings,
        folder,
        environment: {},
        log,
        ...(speech === undefined ? {} : { speech }),
      }),
      data,
      await RtpAttacker.start({ ports: settings.media.ports }),
    );
  }

  /** A phone with one of the example's accounts, registered. `domain`: what a person typed as its server. */
  async phone(
    name: string,
    options: { readonly answer?: AnswerScript; readonly domain?: string } = {},
  ): Promise<Phone> {
    const account = this.settings.applications[0]!.users.find((user) => user.name === name)!;
    const phone = new Phone({
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      local: { host: HOST, port: 0 },
      identity: {
        username: name,
        password: account.password,
        domain: options.domain ?? this.settings.sip.domain,
      },
      registrar: this.maskline.sip[0]!,
      audio: { toneHz: 0 },
      ...(options.answer === undefined ? {} : { answer: options.answer }),
    });
    this.#phones.push(phone);
    await phone.open();
    await phone.register();
    return phone;
  }

  /** An API key, as `maskline keys create` makes one. */
  async key(...scopes: Parameters<typeof createKey>[1]['scopes']): Promise<string> {
    return (await createKey(this.maskline.storage, { name: 'example', scopes })).secret;
  }

  /** Nothing of a call is left. */
  async expectIdle(): Promise<void> {
    const { calls, scenarios, media } = this.maskline.parts;
    this.#attacker.pause();
    await expectNothingLeft({ calls, scenarios, engine: media }, { realMs: 12_000 });
    this.#attacker.resume();
  }

  /** The newest call's record, once it is closed. */
  async closedRecord(): Promise<CallRecord> {
    const deadline = systemClock.monotonic() + 10_000;
    for (;;) {
      const [newest] = (await this.maskline.storage.records.list({ limit: 1 })).items;
      if (newest !== undefined && newest.status !== 'in-progress') return newest;
      if (systemClock.monotonic() > deadline)
        throw new Error(`no closed record: ${newest?.status ?? 'none'}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    this.maskline.endCalls();
    await this.maskline.stop();
    this.#attacker.close();
    for (const phone of this.#phones) phone.close();
    try {
      await expectUnattacked(this.#attacker, this.#phones, this.data);
    } finally {
      await rm(this.data, { recursive: true, force: true });
    }
  }
}
