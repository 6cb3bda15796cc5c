import { describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from './parse-command.ts';
import type { StorageEvent } from './parts/storage-protocol.ts';
import type { KeyValueStore, StoredValue } from './ports.ts';
import { AT, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';

const answer = (requestId: number, answer: StorageEvent['answer']): StorageEvent => ({
  type: 'storage-answer',
  at: AT,
  requestId,
  answer,
});

describe('ApplicationStorage (voximplant.com/docs/references/voxengine/applicationstorage)', () => {
  it('asks the host, and gives StorageKey, null or StoragePage', async () => {
    const { runtime, turn } = await loadScript(`require(Modules.ApplicationStorage);
      const say = (name) => (value) => Logger.write(name + JSON.stringify(value));
      ApplicationStorage.get('order:7').then(say('get '));
      ApplicationStorage.put('order:7', 'driver', 60).then(say('put '));
      ApplicationStorage.put('n', 5).then(say('number '));
      ApplicationStorage.remove('order:7').then(say('remove '));
      ApplicationStorage.keys('order:*', 10).then(say('keys '));
      ApplicationStorage.keys().then(say('all '));`);
    expect(commandsOf(turn)).toEqual([
      { type: 'storage-get', requestId: 1, key: 'order:7' },
      { type: 'storage-put', requestId: 2, key: 'order:7', value: 'driver', ttl: 60 },
      { type: 'storage-put', requestId: 3, key: 'n', value: '5', ttl: undefined },
      { type: 'storage-remove', requestId: 4, key: 'order:7' },
      { type: 'storage-keys', requestId: 5, namespace: 'order', count: 10 },
      { type: 'storage-keys', requestId: 6, namespace: undefined, count: 1000 },
    ]);
    const entry = { key: 'order:7', value: 'driver', expireAt: 1_767_268_860 };
    const logs = (event: StorageEvent) => logsOf(runtime.dispatch(event));
    expect(logs(answer(1, { kind: 'entry', entry: null }))).toEqual(['get null']);
    expect(logs(answer(2, { kind: 'entry', entry }))).toEqual([`put ${JSON.stringify(entry)}`]);
    expect(logs(answer(6, { kind: 'keys', keys: [] }))).toEqual(['all {"keys":[]}']);
    expect(logs(answer(5, { kind: 'keys', keys: ['order:7'] }))).toEqual(['keys {"keys":["order:7"]}']);
    // An answer that nobody waits for any more.
    expect(logs(answer(5, { kind: 'keys', keys: [] }))).toEqual([]);
  });

  it('rejects what cannot be stored, with a readable error, and what the host refuses', async () => {
    const { runtime, turn } = await loadScript(`const no = (e) => Logger.write(e.message);
      ApplicationStorage.put('k'.repeat(201), 'v', 1).catch(no);
      ApplicationStorage.put('k', 'v'.repeat(2001), 1).catch(no);
      ApplicationStorage.put('', 'v').catch(no);
      ApplicationStorage.put('k', 'v', 'soon').catch(no);
      ApplicationStorage.get().catch(no);
      ApplicationStorage.keys('a', 0).catch(no);
      ApplicationStorage.get('k').catch(no);
      for (let i = 0; i < 100; i++) ApplicationStorage.get('k').catch(e => { if (i === 99) no(e); });`);
    expect(logsOf(turn)).toEqual([
      'ApplicationStorage.put: the key is longer than 200 characters',
      'ApplicationStorage.put: the value is longer than 2000 characters',
      'ApplicationStorage.put: the key is empty',
      'ApplicationStorage.put: the ttl is no number of seconds',
      'ApplicationStorage.get: the key is empty',
      'ApplicationStorage.keys: the count is no number from 1',
      'ApplicationStorage: more than 100 requests wait for an answer',
    ]);
    const full = answer(7, { kind: 'error', message: 'the storage is full' });
    expect(logsOf(runtime.dispatch(full))).toEqual(['ApplicationStorage: the storage is full']);
  });

  it('hostile commands are refused', () => {
    for (const bad of [
      { type: 'storage-get', requestId: 0, key: 'a' },
      { type: 'storage-get', requestId: 1, key: 'k'.repeat(201) },
      { type: 'storage-put', requestId: 1, key: 'a', value: 7 },
      { type: 'storage-put', requestId: 1, key: 'a', value: 'v'.repeat(2001) },
      { type: 'storage-put', requestId: 1, key: 'a', value: 'v', ttl: -1 },
      { type: 'storage-keys', requestId: 1, count: 1001 },
      { type: 'storage-drop', requestId: 1 },
    ])
      expect(() => parseCommand(JSON.stringify(bad)), JSON.stringify(bad)).toThrow(BadCommand);
  });
});

/** Answers when it is told to. */
class SlowStore implements KeyValueStore {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];
  error: Error | undefined;

  async get(applicationId: string, key: string): Promise<StoredValue | undefined> {
    await this.#turn(`get ${applicationId} ${key}`);
    return { key, value: 'driver', expiresAt: 60_500 };
  }
  async put(_: string, key: string, value: string, ttl: number | undefined): Promise<StoredValue> {
    await this.#turn(`put ${key} ${ttl}`);
    return { key, value, expiresAt: 60_500 };
  }
  async remove(_: string, key: string): Promise<StoredValue | undefined> {
    await this.#turn(`remove ${key}`);
    return undefined;
  }
  async list(): Promise<{ items: StoredValue[]; total: number }> {
    await this.#turn('list');
    const items = ['b', 'a'].map((key) => ({ key, value: '', expiresAt: 0 }));
    return { items, total: 2 };
  }
  async next(): Promise<void> {
    this.#waiting.shift()?.();
    await turns();
  }
  async #turn(what: string): Promise<void> {
    this.asked.push(what);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.error !== undefined) throw this.error;
  }
}

describe('a session with a storage', () => {
  it('asks one thing after the other, for its own application, and ends only when it is written', async () => {
    const storage = new SlowStore();
    const kit = await SessionKit.create({}, { storage });
    await kit.start(`const log = (v) => Logger.write(JSON.stringify(v));
      ApplicationStorage.put('a', '1').then(log); ApplicationStorage.get('a').then(log);
      ApplicationStorage.delete('a').then(log).then(() => ApplicationStorage.keys()).then((v) => {
        log(v); ApplicationStorage.put('last', 'words'); VoxEngine.terminate(); });`);
    expect(storage.asked).toEqual(['put a undefined']);
    for (let i = 0; i < 4; i++) await storage.next();
    expect(storage.asked).toEqual([
      'put a undefined',
      'get taxi a',
      'remove a',
      'list',
      'put last undefined',
    ]);
    expect(kit.logs).toEqual([
      '{"key":"a","value":"1","expireAt":60}',
      '{"key":"a","value":"driver","expireAt":60}',
      '{"key":"a","value":"","expireAt":0}',
      '{"keys":["a","b"]}',
    ]);
    expect(kit.ended).toEqual([]);
    await storage.next();
    expect(kit.ended).toMatchObject([{ error: undefined }]);
    kit.expectNothingLeft();
    await kit.service.close(0);
  });

  it('rejects after 5 s without an answer, after an error, and where there is no storage', async () => {
    const storage = new SlowStore();
    const kit = await SessionKit.create({}, { storage });
    const script = `(async () => { for (const k of ['slow', 'broken']) try { await ApplicationStorage.get(k); } catch (e) { Logger.write(e.message); }
      VoxEngine.terminate(); })();`;
    await kit.start(script);
    await kit.advance(5000);
    storage.error = new Error('The database cannot be reached.');
    await storage.next();
    await storage.next();
    expect(kit.logs).toEqual([
      'ApplicationStorage: the storage did not answer within 5 s',
      'ApplicationStorage: The database cannot be reached.',
    ]);
    await turns();
    kit.expectNothingLeft();
    await kit.service.close(0);

    const stuck = await SessionKit.create({}, { storage: new SlowStore() });
    await stuck.start(
      `for (const k of ['a', 'b', 'c']) ApplicationStorage.get(k).catch(() => Logger.write(k));`,
    );
    await stuck.advance(5000);
    // Together, not one after the other.
    expect(stuck.logs).toEqual(['a', 'b', 'c']);
    await stuck.service.close(0);
    stuck.expectNothingLeft();

    const without = await SessionKit.create();
    await without.start(script);
    expect(without.logs[0]).toBe('ApplicationStorage: this server has no storage');
    await turns();
    without.expectNothingLeft();
    await without.service.close(0);
  });
});
