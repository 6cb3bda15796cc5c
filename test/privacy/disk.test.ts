import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { commonDigits } from '../../src/kernel/number-spellings.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { type Outgoing, outgoingText, scanForLeaks } from '../../src/privacy/leak-scan.ts';
import { numberSecret } from '../../src/privacy/secret.ts';
import { deleteFiles } from '../../src/retention/delete-files.ts';
import { erasuresOf } from '../../src/retention/erasures.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { applicationOf, maskedApplication, NOBODY } from '../kit/masked-server.ts';
import { openedRows, withVault } from '../kit/opened-rows.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { WebhookReceiver } from '../kit/webhook-receiver.ts';
import { DRIVER, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

const PEOPLE = [DRIVER, PASSENGER, NOBODY];
const secrets = PEOPLE.map((one) => numberSecret(PhoneNumber.parse(one)));
const ANSWERS = { ringAfterMs: 0, answerAfterMs: 50 };

/** A file as it lies on the disk. */
interface OnDisk {
  readonly path: string;
  readonly bytes: Buffer;
}

let server: WholeServer;
let receiver: WebhookReceiver;
let onDisk: readonly OnDisk[];
let rows: readonly string[];
let node: string;

/** A session over HTTP with a key for repeating it, a call of it that is recorded, a block, a refused call, webhooks. */
beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  server = await WholeServer.start({
    settings: (settings) => ({ ...settings, applications: settings.applications.map(maskedApplication) }),
  });
  const { storage } = server.maskline;
  await storage.webhooks.create({ applicationId: applicationOf(server), url: receiver.url, types: [] });
  const { secret } = await storage.apiKeys.create({
    ...{ name: 'test', applicationId: undefined },
    scopes: ['sessions:read', 'sessions:write', 'numbers:read', 'calls:read', 'policy:write'],
  });
  const post = async (path: string, body: object): Promise<{ id: string }> => {
    const answer = await fetch(`${server.maskline.httpUrl}${path}`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        'idempotency-key': systemRandom.uuid(),
      },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBeLessThan(300);
    return (await answer.json()) as { id: string };
  };
  await post('/v1/masking-sessions', {
    parties: [{ number: DRIVER }, { number: PASSENGER }],
    ...{ record: true, metadata: { of: `driver ${DRIVER}` } },
  });
  await post('/v1/blocks', { number: NOBODY, direction: 'both' });
  const driver = await server.phone('driver', { toneHz: 440 });
  const passenger = await server.phone('passenger', { toneHz: 1020, answer: ANSWERS });
  const out = driver.call(SERVICE);
  const rings = await passenger.nextCall();
  await Promise.all([out.waitFor('connected'), rings.waitFor('connected')]);
  await rings.waitUntil('the caller’s tone', () => rings.rtp.heard.isTone(440));
  out.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  const [record] = await server.closedRecords(1);
  node = record!.node;
  // What may be shown to a key that may see it is shown, so that answers are known to have had something to leak.
  const shown = await fetch(`${server.maskline.httpUrl}/v1/calls/${record!.id}`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(await shown.text()).toContain(PASSENGER.slice(1));
  await vi.waitFor(
    () => expect(receiver.received.map(({ event }) => event.type)).toContain('recording.completed'),
    { timeout: 10_000, interval: 20 },
  );
  await server.stop({ keepData: true });
  onDisk = filesIn(server.data);
  rows = await dump(server.data);
});

afterAll(async () => {
  await receiver.close();
  rmSync(server.data, { recursive: true, force: true });
});

function filesIn(folder: string): readonly OnDisk[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

/** Files in which the digits stand as they are: the write-ahead log and what was deleted are files, too. */
function filesWithDigits(files: readonly OnDisk[]): readonly string[] {
  const spellings = PEOPLE.flatMap((number) => {
    const digits = commonDigits(number);
    return [digits, `${digits.slice(0, 4)} ${digits.slice(4)}`, Buffer.from(digits, 'utf16le')];
  });
  return files.filter(({ bytes }) => spellings.some((one) => bytes.includes(one))).map(({ path }) => path);
}

/** Every row of every table, as a dump of the database holds it. */
async function dump(dataFolder: string): Promise<string[]> {
  const { db, close } = await openDatabase({
    databaseUrl: '',
    dataFolder,
    random: systemRandom,
    log: silentLogger,
  });
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  const all: string[] = [];
  for (const { name } of tables) {
    const { rows: some } = await sql<{
      row: string;
    }>`select row_to_json(t)::text as row from ${sql.table(name)} t`.execute(db);
    all.push(...some.map(({ row }) => `${name} ${row}`));
  }
  await close();
  return all;
}

describe('after a day of calls', () => {
  test('there is something to be found: a recording, its row, its event, sealed numbers', () => {
    expect(onDisk.some(({ path }) => path.endsWith('.wav'))).toBe(true);
    for (const table of [
      'recordings',
      'events',
      'people',
      'call_legs',
      'idempotency_keys',
      'webhook_deliveries',
      'audit_log',
    ])
      expect(rows.some((row) => row.startsWith(`${table} {`))).toBe(true);
    expect(receiver.received.length).toBeGreaterThan(3);
    expect(server.logLines.length).toBeGreaterThan(10);
  });

  test('[row 43] no number stands in a dump, a log, a webhook, or the name of a file, in whichever spelling', () => {
    // Sealed values and indexes are random text: what looks like base64 is not read as such a second time.
    const packets: Outgoing[] = [
      ...rows.map((row) => outgoingText('dump', row.replace(/k\d\.[\w-]{20,}/g, 'sealed'))),
      ...server.logLines.map((line) => outgoingText('log', line)),
      ...receiver.received.map(({ body, headers }) =>
        outgoingText('webhook', body + JSON.stringify(headers)),
      ),
      ...onDisk.map(({ path }) => outgoingText('name', path.slice(server.data.length))),
    ];
    expect(scanForLeaks({ secrets, packets })).toEqual([]);
  });

  test('[row 43] no file holds the digits, also not the write-ahead log and what was deleted', () => {
    expect(filesWithDigits(onDisk)).toEqual([]);
  });

  test('only their owner may enter the folders, and read the key', () => {
    for (const folder of ['', 'recordings']) expect(statSync(join(server.data, folder)).mode & 0o077).toBe(0);
    expect(statSync(join(server.data, 'maskline.key')).mode & 0o077).toBe(0);
  });
});

describe('after everybody was erased', () => {
  const wav = ({ path }: OnDisk): boolean => /\.wav$|\.transcript\./.test(path);
  let kept: readonly string[];

  beforeAll(async () => {
    // Two minutes later, when all that belongs to the call has been written.
    const clock = new VirtualClock(Date.now() + 120_000);
    const storage = await openStorage({
      ...{ dataFolder: server.data, clock, random: systemRandom, log: silentLogger, environment: {} },
    });
    const recordingsFolder = join(server.data, 'recordings');
    const erasures = erasuresOf(storage.erasures, () =>
      deleteFiles({
        ...{ removals: storage.fileRemovals, node, recordingsFolder, log: silentLogger },
      }),
    );
    const receipts = [];
    for (const one of PEOPLE)
      receipts.push(
        await erasures.erase({ number: PhoneNumber.parse(one), applicationId: undefined, actor: 'test' }),
      );
    await storage.close();
    expect(receipts.map(({ status }) => status)).toEqual(['complete', 'complete', 'complete']);
    kept = receipts.flatMap((receipt) => receipt.kept.flatMap(({ what, count }) => (count ? [what] : [])));
    onDisk = filesIn(server.data);
  });

  test('[row 43] no number stands in any row, also for whoever has the key, but in accounts of the settings', async () => {
    const opened = await withVault({ dataFolder: server.data }, openedRows);
    const secretsOf = [...new Set(PEOPLE)].map((one) => PhoneNumber.parse(one).mentions());
    const found = opened.filter(({ text }) => secretsOf.some((mentions) => mentions(text)));
    expect([...new Set(found.map(({ table }) => table))]).toEqual(['users']);
    expect([...new Set(kept)]).toEqual(['accounts of phones with the number']);
    expect(opened.filter(({ table }) => table === 'people')).toEqual([]);
    expect(opened.filter(({ table }) => table === 'erasures')).toHaveLength(3);
  });

  test('[row 43] no file holds the digits, and no recording is left', () => {
    expect(filesWithDigits(onDisk)).toEqual([]);
    expect(onDisk.filter(wav).map(({ path }) => path)).toEqual([]);
  });
});
