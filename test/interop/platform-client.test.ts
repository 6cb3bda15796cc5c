/** The vendor's own Node client (npm @voximplant/apiclient-nodejs) against a whole server, over HTTPS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer, globalAgent, type Server } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServiceAccount } from '../../src/cli/keys.ts';
import { credentialsOf, makeKeyPair } from '../../src/cli/keys-credentials.ts';
import { SCOPES } from '../../src/http/ports.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { type Authority, createAuthority } from '../kit/certificates.ts';
import { WholeServer } from '../kit/whole-server.ts';

type Client = InstanceType<typeof import('@voximplant/apiclient-nodejs')['default']>;
/** The client's types ask for more than its requests need. */
type Loose = Record<string, Record<string, (request: object) => Promise<Record<string, unknown>>>>;

/** Waits for an HTTP request to the session, answers it, ends. */
const SCRIPT = `
VoxEngine.addEventListener(AppEvents.Started, () => Logger.write('data ' + VoxEngine.customData()));
VoxEngine.addEventListener(AppEvents.HttpRequest, (request) => {
  setTimeout(() => VoxEngine.terminate(), 1);
  return 'bye';
});`;

let server: WholeServer;
let authority: Authority;
let proxy: Server;
let client: Loose;

beforeAll(async () => {
  server = await WholeServer.start({ attacker: false });
  authority = createAuthority();
  const { certificate, key } = authority.issue('DNS:localhost');
  proxy = createServer({ cert: certificate, key }, (incoming, outgoing) => {
    const { method = 'GET', headers } = incoming;
    const url = new URL(incoming.url ?? '/', server.maskline.httpUrl);
    incoming.pipe(
      httpRequest(url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  globalAgent.options.ca = authority.ca;
  client = await connect(`localhost:${(proxy.address() as AddressInfo).port}`);
}, 60_000);

afterAll(async () => {
  delete globalAgent.options.ca;
  globalAgent.destroy();
  proxy.closeAllConnections();
  proxy.close();
  authority.close();
  await server.stop();
});

/** Makes a service account, and the client that reads its credentials from a file. */
async function connect(host: string): Promise<Loose> {
  const { storage } = server.maskline;
  const pair = await makeKeyPair();
  const key = await createServiceAccount(storage, { name: 'client', scopes: SCOPES }, pair.publicKey);
  const { id } = await storage.platform.directory.account();
  const file = join(server.data, 'credentials.json');
  const account = { id, email: 'maskline@localhost' };
  writeFileSync(file, JSON.stringify(credentialsOf(key.id, account, pair.privateKey)));
  const { default: VoximplantApiClient } = createRequire(import.meta.url)(
    '@voximplant/apiclient-nodejs',
  ) as typeof import('@voximplant/apiclient-nodejs');
  const made: Client = new VoximplantApiClient({ pathToCredentials: file, host });
  await new Promise<void>((resolve) => {
    made.onReady = () => resolve();
  });
  return made as unknown as Loose;
}

const call = async (group: string, method: string, request: object = {}) => {
  const answer = await client[group]?.[method]?.(request);
  if (answer === undefined) throw new Error(`the client has no ${group}.${method}`);
  return answer;
};

describe('a tour', { timeout: 30_000 }, () => {
  test('application, scenario, rule, user, number, session, history', async () => {
    expect(await call('Accounts', 'getAccountInfo')).toMatchObject({
      result: { accountName: 'maskline', active: true, created: expect.any(String) },
    });
    const { applicationId } = await call('Applications', 'addApplication', { applicationName: 'tour' });
    const { scenarioId } = await call('Scenarios', 'addScenario', {
      scenarioName: 'wait',
      scenarioScript: SCRIPT,
      applicationId,
    });
    const { ruleId } = await call('Rules', 'addRule', {
      applicationId,
      ruleName: 'all',
      rulePattern: '.*',
      scenarioId: [scenarioId],
    });
    expect(await call('Rules', 'getRules', { applicationId, withScenarios: true })).toMatchObject({
      result: [{ ruleId, rulePattern: '.*', videoConference: false, modified: expect.any(String) }],
      totalCount: 1,
    });
    const user = { userName: 'guide', userDisplayName: 'Guide', userPassword: 'Secret-1', applicationId };
    const { userId } = await call('Users', 'addUser', { ...user, userActive: true });
    expect(await call('Users', 'getUsers', { applicationId })).toMatchObject({
      result: [{ userId, userName: 'guide', userActive: true, created: expect.any(String) }],
    });
    const { phoneNumbers } = await call('PhoneNumbers', 'attachPhoneNumber', { phoneNumber: '442079460777' });
    const [phone] = phoneNumbers as { phoneId: number }[];
    await call('PhoneNumbers', 'bindPhoneNumberToApplication', { phoneId: [phone?.phoneId], applicationId });
    const route = server.maskline.storage.directory;
    expect(route.applicationOfNumber(PhoneNumber.parse('+442079460777'))?.name).toBe('tour');

    const before = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 1_000);
    const started = await call('Scenarios', 'startScenarios', { ruleId, scriptCustomData: 'привет' });
    expect(started).toMatchObject({ result: 1, callSessionHistoryId: expect.any(Number) });
    const url = String(started.mediaSessionAccessUrl);
    expect(url).toMatch(/^http/);
    expect(await (await fetch(url)).text()).toBe('bye');
    const record = await server.closedRecord();
    const events = await server.maskline.storage.records.events(record.id, { limit: 50 });
    expect(JSON.stringify(events.items)).toContain('data привет');
    const history = await call('History', 'getCallHistory', {
      fromDate: before,
      toDate: new Date(Date.now() + 1_000),
      callSessionHistoryId: [started.callSessionHistoryId],
      withCalls: true,
      withRecords: true,
    });
    expect(history).toMatchObject({
      result: [
        {
          callSessionHistoryId: started.callSessionHistoryId,
          applicationName: 'tour.maskline.voximplant.com',
          ruleName: 'all',
          startDate: expect.any(String),
          finishReason: 'Normal termination',
          calls: [],
          records: [],
        },
      ],
      totalCount: 1,
    });
    expect(
      await call('KeyValueStorage', 'setKeyValueItem', { key: 'k', value: 'v', applicationId, ttl: 60 }),
    ).toMatchObject({ result: { key: 'k', value: 'v' } });
    expect(await call('Applications', 'delApplication', { applicationId: [applicationId] })).toEqual({
      result: 1,
    });
    expect(await call('Rules', 'getRules', { applicationId })).toEqual({
      error: { code: 116, msg: "The 'application_id' parameter is invalid" },
    });
  });

  test('a call list: each row of an uploaded table starts the rule, and what the script reports is shown', async () => {
    const { applicationId } = await call('Applications', 'addApplication', { applicationName: 'lists' });
    const scenarioScript = `
      require(Modules.CallList);
      VoxEngine.addEventListener(AppEvents.Started, async () => {
        const { name } = JSON.parse(VoxEngine.customData());
        await CallList.reportResultAsync({ result: true, greeted: name });
        VoxEngine.terminate();
      });`;
    const scenario = { scenarioName: 'greet', scenarioScript, applicationId };
    const { scenarioId } = await call('Scenarios', 'addScenario', scenario);
    const rule = { applicationId, ruleName: 'greet', rulePattern: '.*', scenarioId: [scenarioId] };
    const { ruleId } = await call('Rules', 'addRule', rule);
    const created = await call('CallLists', 'createCallList', {
      ...{ ruleId, priority: 0, maxSimultaneous: 2, numAttempts: 1, name: 'guests' },
      fileContent: Buffer.from('name;phone\nАнна;+447700900301\nПётр;+447700900302\n'),
    });
    expect(created).toMatchObject({ result: true, count: 2, listId: expect.any(Number) });
    const { listId } = created;
    await server.closedRecords(2);
    const state = async () => (await call('CallLists', 'getCallLists', { listId: [listId] })).result;
    await expect
      .poll(state, { timeout: 10_000 })
      .toMatchObject([{ listName: 'guests', status: 'Completed' }]);
    const details = await call('CallLists', 'getCallListDetails', { listId, count: 10 });
    expect(details).toMatchObject({
      result: [
        { status: 'Processed', resultData: expect.stringContaining('Анна') },
        { status: 'Processed', resultData: expect.stringContaining('Пётр') },
      ],
      count: 2,
    });
    await call('Applications', 'delApplication', { applicationId: [applicationId] });
  });

  test('the guide’s own lines work', async () => {
    const guide = readFileSync(
      new URL('../../docs/guide/tools-made-for-voximplant.md', import.meta.url),
      'utf8',
    );
    const [, code = ''] = /```js\n([\s\S]*?)```/.exec(guide) ?? [];
    const { port } = proxy.address() as AddressInfo;
    const lines = code
      .replace("'credentials.json'", JSON.stringify(join(server.data, 'credentials.json')))
      .replace("'calls.example.com'", `'localhost:${port}'`);
    const printed = await new Promise((resolve) => {
      new Function('require', 'console', lines)(createRequire(import.meta.url), { log: resolve });
    });
    expect(printed).toMatchObject({ result: 1, callSessionHistoryId: expect.any(Number) });
    expect((await server.closedRecord()).ruleName).toBe('all');
  });
});
