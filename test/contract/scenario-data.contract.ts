import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallListBook } from '../../src/dialler/call-lists.ts';
import { Dialler } from '../../src/dialler/dialler.ts';
import type { DiallerOptions } from '../../src/dialler/options.ts';
import type { CallListStore, CallTaskInfo, ClaimedTask, NewCallList } from '../../src/dialler/ports.ts';
import { type FakeSession, FakeSessions } from '../../src/dialler/test-support/fake-sessions.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { CallListReport } from '../../src/scenario/ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { openStorage, type Storage, type StorageOptions } from '../../src/storage/storage.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { TAXI } from './directory-samples.ts';

const START = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400;

/** What a scenario keeps, and whom it calls by list, whichever database is below. */
export function scenarioDataContract(name: string, places: StoragePlaces, shared: boolean): void {
  describe(`what scenarios keep on ${name}`, () => {
    let place: StoragePlace;
    let storage: Storage;
    let application: string;
    const clock = new VirtualClock(START);
    const diallers: Dialler[] = [];

    const open = (more: Partial<StorageOptions> = {}): Promise<Storage> =>
      openStorage({
        ...place,
        ...{ clock, random: systemRandom, log: silentLogger, environment: {}, maxStorageKeys: 12 },
        ...more,
      });

    beforeAll(async () => {
      place = await places.fresh();
      storage = await open();
      const second = { ...TAXI, name: 'second', numbers: [], users: [] };
      await storage.importDirectory({ applications: [TAXI, second], trunks: [] });
      application = idOf('taxi');
    });
    afterEach(async () => {
      await Promise.all(diallers.splice(0).map((dialler) => dialler.close(1_000)));
    });
    afterAll(async () => {
      await storage.close();
      await places.close();
    });
    const idOf = (wanted: string): string =>
      storage.directory.snapshot.applications.find((one) => one.name === wanted)?.id ?? '';

    describe('ApplicationStorage', () => {
      it('keeps values of one application apart from those of another, until they expire', async () => {
        const [one, two] = [idOf('taxi'), idOf('second')];
        const { appStorage: kept } = storage;
        const put = await kept.put(one, '+447700900101', 'driver 7', 60);
        expect(put).toEqual({ key: '+447700900101', value: 'driver 7', expiresAt: clock.now() + 60_000 });
        await kept.put(one, 'order:7', 'a', undefined);
        await kept.put(one, 'order:8', 'b', 365 * DAY);
        await kept.put(one, 'order', 'c', 60);
        expect(await kept.get(two, '+447700900101')).toBeUndefined();
        expect((await kept.get(one, 'order:7'))?.expiresAt).toBe(clock.now() + 30 * DAY * 1000);
        expect((await kept.get(one, 'order:8'))?.expiresAt).toBe(clock.now() + 90 * DAY * 1000);
        const keys = async (namespace: string) =>
          (await kept.list(one, { namespace, limit: 10, offset: 0 })).items.map(({ key }) => key).sort();
        // A key without a colon is a namespace of its own.
        expect(await keys('order')).toEqual(['order', 'order:7', 'order:8']);
        expect(await keys('ord')).toEqual([]);
        expect((await kept.list(one, { limit: 2, offset: 3 })).items).toHaveLength(1);
        expect((await kept.list(one, { limit: 2, offset: 3 })).total).toBe(4);

        await kept.put(one, 'order:7', 'again', 60);
        expect((await kept.get(one, 'order:7'))?.value).toBe('again');
        expect((await kept.remove(one, 'order:7'))?.value).toBe('again');
        expect(await kept.remove(one, 'order:7')).toBeUndefined();
        await clock.advance(60_000);
        expect(await kept.get(one, '+447700900101')).toBeUndefined();
        expect(await keys('order')).toEqual(['order:8']);
      });

      it('takes no more keys than it may, and goes on where keys were removed or have expired', async () => {
        const two = idOf('second');
        const { appStorage: kept } = storage;
        for (let i = 0; i < 12; i++) await kept.put(two, `k${i}`, 'v', i === 0 ? 30 : 600);
        await expect(kept.put(two, 'one more', 'v', 60)).rejects.toMatchObject({ code: 'storage/full' });
        expect((await kept.put(two, 'k1', 'changed', 600)).value).toBe('changed');
        await clock.advance(30_000);
        await kept.put(two, 'one more', 'v', 60);
      });
    });

    describe('call lists', () => {
      /** Time passes, and the nodes look; their queries are real and take time of their own. */
      const later = async (ms: number): Promise<void> => {
        await clock.advance(ms);
        for (const dialler of diallers) dialler.wake();
      };
      afterEach(async () => {
        for (const { id } of (await book().list({ limit: 100, offset: 0 })).items) await book().stop(id);
      });
      const table = 'phone;name\n+447700900101;Ann\n+447700900102;Bob\n+447700900103;Cyd\n';
      const book = (): CallListBook =>
        new CallListBook({
          store: storage.callLists,
          rules: storage.directory,
          ...{ clock, random: systemRandom, onChanged: () => {} },
        });
      const ruleId = (): string => storage.directory.snapshot.rules.get(application)?.[0]?.id ?? '';
      const list = async (more: Partial<NewCallList> = {}): Promise<number> => {
        const base = { applicationId: application, ruleId: ruleId(), name: 'invitations' };
        const made = await book().create({
          ...{ ...base, maxSimultaneous: 2, numAttempts: 2, intervalSeconds: 60, table: { csv: table } },
          ...more,
        });
        return made.listId;
      };
      const tasksOf = async (listId: number): Promise<readonly CallTaskInfo[]> =>
        (await book().tasks(listId, { limit: 100, offset: 0 })).items;
      const statusesOf = async (listId: number): Promise<string[]> =>
        (await tasksOf(listId)).map(({ status, attemptsLeft }) => `${status} ${attemptsLeft}`);

      interface Node {
        readonly sessions: FakeSessions;
        readonly dialler: Dialler;
        /** All that it has claimed. */
        readonly claims: ClaimedTask[];
      }
      const node = (named: string, more: Partial<DiallerOptions> = {}): Node => {
        const sessions = new FakeSessions(named);
        const claims: ClaimedTask[] = [];
        const { callLists } = storage;
        const claim: CallListStore['claim'] = async (wish) => {
          const claimed = await callLists.claim(wish);
          claims.push(...claimed);
          return claimed;
        };
        const store = new Proxy<CallListStore>(callLists, {
          get: (_, name: keyof CallListStore) => (name === 'claim' ? claim : callLists[name].bind(callLists)),
        });
        const options: DiallerOptions = {
          ...{ store, rules: storage.directory, sessions: sessions.ports },
          ...{ accepts: () => true, node: named, simultaneous: 100, clock, random: systemRandom },
          log: silentLogger,
          ...more,
        };
        const dialler = new Dialler(options);
        diallers.push(dialler);
        return { sessions, dialler, claims };
      };
      /** Queries are real, so time passes only where a test says so. */
      const until = (what: () => unknown) => expect.poll(what, { interval: 5, timeout: 2_000 });
      const live = ({ sessions }: Node) => sessions.live.map(({ row }) => row.name).sort();
      const sessionOf = ({ sessions }: Node, person: string): FakeSession =>
        sessions.live.find(({ row }) => row.name === person) as FakeSession;
      const report = async ({ dialler }: Node, { request }: FakeSession, said: CallListReport) =>
        await dialler.report(request.callListTask ?? { taskId: 0, token: '' }, said);

      it('calls people two at a time, again after an error, and is completed', async () => {
        const listId = await list();
        const one = node('one');
        one.dialler.start();
        await until(() => live(one)).toEqual(['Ann', 'Bob']);
        const ann = sessionOf(one, 'Ann');
        expect(ann.request).toMatchObject({
          route: { applicationId: application, ruleName: 'drivers' },
          inbound: undefined,
          customData: '{"phone":"+447700900101","name":"Ann"}',
        });
        expect(await statusesOf(listId)).toEqual(['In progress 2', 'In progress 2', 'New 2']);

        await report(one, ann, { kind: 'progress', data: 'ringing' });
        expect((await tasksOf(listId))[0]).toMatchObject({ resultData: 'ringing', sessionId: ann.sessionId });
        expect(await report(one, ann, { kind: 'result', data: '{"rating":5}' })).toBe(true);
        expect(await report(one, ann, { kind: 'error', data: 'too late' })).toBe(false);
        one.sessions.end(ann);
        await until(() => live(one)).toEqual(['Bob', 'Cyd']);

        // Bob is busy: once more in a minute; Cyd's script says nothing, which is a success.
        await report(one, sessionOf(one, 'Bob'), { kind: 'error', data: 'busy' });
        one.sessions.end(sessionOf(one, 'Bob'));
        one.sessions.end(sessionOf(one, 'Cyd'));
        await until(() => statusesOf(listId)).toEqual(['Processed 1', 'New 1', 'Processed 1']);
        expect((await book().get(listId))?.status).toBe('In progress');
        await later(59_000);
        expect(live(one)).toEqual([]);
        await later(2_000);
        await until(() => live(one)).toEqual(['Bob']);
        await report(one, sessionOf(one, 'Bob'), { kind: 'error', data: 'busy again' });
        one.sessions.end(sessionOf(one, 'Bob'));
        await until(async () => (await book().get(listId))?.status).toBe('Completed');
        const [annTask, bobTask, cydTask] = await tasksOf(listId);
        expect(annTask).toMatchObject({ status: 'Processed', resultData: '{"rating":5}' });
        expect(bobTask).toMatchObject({ status: 'Error', attemptsLeft: 0, resultData: 'busy again' });
        expect(cydTask).toMatchObject({ status: 'Processed', resultData: undefined });
        expect(one.dialler.active).toBe(0);

        // What is appended to a completed list opens it again.
        const added = await book().append(listId, { csv: 'phone,name\n1,Dan\n', delimiter: ',' });
        one.dialler.wake();
        await until(() => live(one)).toEqual(['Dan']);
        one.sessions.end(sessionOf(one, 'Dan'), {
          reason: 'failed',
          error: { message: 'x is not defined', scenario: 'a.js', line: 1 },
        });
        await until(async () => (await book().get(listId))?.status).toBe('Completed');
        const { items, total } = await book().tasks(listId, { limit: 9, offset: 0, batchId: added.batchId });
        expect(total).toBe(1);
        expect(items[0]).toMatchObject({ status: 'Error', resultData: '{"error":"x is not defined"}' });
      });

      it('requestNextAttempt changes the task; one that wants no more attempts is an error', async () => {
        const listId = await list({ numAttempts: 5, maxSimultaneous: 3 });
        const one = node('one');
        one.dialler.start();
        await until(() => live(one)).toEqual(['Ann', 'Bob', 'Cyd']);
        await report(one, sessionOf(one, 'Ann'), {
          ...{ kind: 'next', data: 'busy', attemptsLeft: 3, customData: '{"name":"Ann 2"}' },
          ...{ notBefore: clock.now() + 600_000, window: { from: 13 * 3600, to: 14 * 3600 } },
        } as CallListReport);
        await report(one, sessionOf(one, 'Bob'), { kind: 'next', data: 'wrong number', attemptsLeft: 0 });
        await report(one, sessionOf(one, 'Cyd'), { kind: 'next', data: 'later' });
        for (const session of one.sessions.live) one.sessions.end(session);
        await until(() => statusesOf(listId)).toEqual(['New 3', 'Error 0', 'New 4']);
        const [ann, , cyd] = await tasksOf(listId);
        expect(ann).toMatchObject({
          customData: '{"name":"Ann 2"}',
          resultData: 'busy',
          notBefore: Math.floor(clock.now() / DAY / 1000) * DAY * 1000 + 13 * 3_600_000,
        });
        expect(cyd?.notBefore).toBe(clock.now() + 60_000);
        await book().stop(listId);
      });

      it('two nodes share a list: nobody is called twice, and no more at once than the list allows', async () => {
        const people = Array.from({ length: 30 }, (_, i) => `+4477009002${i},p${i}`);
        const csv = `phone,name\n${people.join('\n')}\n`;
        const listId = await list({ maxSimultaneous: 5, table: { csv, delimiter: ',' } });
        const nodes = [node('one', { simultaneous: 3 }), node('two', { simultaneous: 3 })];
        for (const { dialler } of nodes) dialler.start();
        await until(() => {
          // One passes over the list while the other has it locked.
          for (const { dialler } of nodes) dialler.wake();
          return nodes.flatMap(({ sessions }) => sessions.live).length;
        }).toBe(5);
        let most = 0;
        for (let over = 0; over < 30; ) {
          await until(() => nodes.some(({ sessions }) => sessions.live.length > 0)).toBe(true);
          most = Math.max(most, nodes[0]!.sessions.live.length + nodes[1]!.sessions.live.length);
          for (const { sessions } of nodes)
            for (const session of sessions.live) {
              sessions.end(session);
              over += 1;
            }
          for (const { dialler } of nodes) dialler.wake();
        }
        await until(async () => (await book().get(listId))?.status).toBe('Completed');
        const called = nodes.flatMap(({ sessions }) => sessions.all.map(({ row }) => row.name));
        expect(called).toHaveLength(30);
        expect(new Set(called).size).toBe(30);
        expect(most).toBeLessThanOrEqual(5);
      });

      it('a node that is killed between claim and start has called nobody: the task is New again', async () => {
        const listId = await list({ maxSimultaneous: 3, numAttempts: 1 });
        const now = clock.now();
        const dead = { node: 'one', instance: 'dead', limit: 1, leaseSeconds: 600, now };
        const [claimed] = await storage.callLists.claim(dead);
        expect(claimed).toMatchObject({ attemptsLeft: 1, applicationId: application });
        expect(await statusesOf(listId)).toEqual(['In progress 1', 'New 1', 'New 1']);
        // Another node does not touch what is leased; the node itself knows that its earlier process is gone.
        const two = node('two', { simultaneous: 2 });
        two.dialler.start();
        await until(() => live(two)).toEqual(['Bob', 'Cyd']);
        const again = node('one');
        again.dialler.start();
        await until(() => live(again)).toEqual(['Ann']);
        // The dead one comes back to life: its claim counts for nothing.
        const stale = claimed as NonNullable<typeof claimed>;
        expect(await storage.callLists.begin(stale)).toBe(false);
        expect(await storage.callLists.renew([stale], 60)).toEqual(new Set());
        const processed = { status: 'Processed', result: 'mine' } as const;
        expect(await storage.callLists.finish(stale, processed, now)).toBe(false);
        await expect(storage.callLists.report(stale, { kind: 'result', data: 'x' })).rejects.toThrow(
          'no longer',
        );
        for (const one of [two, again]) for (const session of one.sessions.live) one.sessions.end(session);
        await until(() => statusesOf(listId)).toEqual(['Processed 0', 'Processed 0', 'Processed 0']);
      });

      it('a node that dies under a call has made an attempt, unless its script had reported', async () => {
        const listId = await list({ maxSimultaneous: 3 });
        const lost = node('one');
        lost.dialler.start();
        await until(() => live(lost)).toEqual(['Ann', 'Bob', 'Cyd']);
        await report(lost, sessionOf(lost, 'Bob'), { kind: 'result', data: 'came' });
        // Its lease runs out: in the database, as its clock says.
        await storage.callLists.renew(lost.claims, -1);
        const two = node('two');
        two.dialler.start();
        await until(() => statusesOf(listId)).toEqual(['New 1', 'Processed 1', 'New 1']);
        expect((await tasksOf(listId))[0]?.resultData).toBe(
          '{"error":"the server stopped during the attempt"}',
        );
        // It was only slow. It must not go on with what others may do now.
        await later(61_000);
        await until(() => lost.sessions.endedByUs.length).toBe(3);
        await until(() => [...live(lost), ...live(two)].sort()).toEqual(['Ann', 'Cyd']);
        for (const one of [lost, two]) for (const session of one.sessions.live) one.sessions.end(session);
        await until(() => statusesOf(listId)).toEqual(['Processed 0', 'Processed 1', 'Processed 0']);
      });

      it('a node may be killed at any of its steps: nobody is lost, nobody is called by two at once', async () => {
        let steps = 0;
        // Every step, now before and now after it.
        for (let kill = 1; ; kill += 3) {
          const csv = 'name\nAnn\nBob\n';
          const listId = await list({ maxSimultaneous: 2, intervalSeconds: 0, table: { csv } });
          // The process is gone before or after the database has done what it was asked for, and hears nothing more.
          steps = 0;
          let last = Math.ceil(kill / 2);
          let isDead = false;
          let busy = 0;
          const dead = Promise.withResolvers<never>();
          const { callLists } = storage;
          const store = new Proxy<CallListStore>(callLists, {
            get: (_, step: keyof CallListStore) => {
              const real = callLists[step].bind(callLists) as (...args: unknown[]) => Promise<unknown>;
              return async (...args: unknown[]) => {
                const mine = ++steps;
                if (mine > last) isDead = true;
                if (isDead) return await dead.promise;
                busy += 1;
                const done = await real(...args).finally(() => {
                  busy -= 1;
                });
                if (mine === last && kill % 2 === 0) isDead = true;
                return isDead ? await dead.promise : done;
              };
            },
          });
          const first = node('one', { store });
          first.dialler.start();
          const people = new Set<string>();
          const answerAll = async (nodes: readonly Node[]): Promise<void> => {
            for (const one of nodes)
              for (const session of one.sessions.live) {
                people.add(String(session.row.name));
                void report(one, session, { kind: 'error', data: 'busy' }).catch(() => {});
                one.sessions.end(session);
              }
          };
          for (
            let quiet = 0, before = -1;
            quiet < 2;
            quiet = steps === before && busy === 0 ? quiet + 1 : 0
          ) {
            before = steps;
            await answerAll([first]);
            await new Promise((resolve) => setImmediate(resolve));
            await storage.callLists.get(listId);
          }
          if (!isDead) last = Number.POSITIVE_INFINITY;
          const second = node('one');
          if (isDead) second.dialler.start();
          const nodes = isDead ? [second] : [first];
          const isOver = async (): Promise<boolean> => {
            expect(new Set(second.sessions.live.map(({ row }) => row.name)).size).toBe(
              second.sessions.live.length,
            );
            await answerAll(nodes);
            for (const { dialler } of nodes) dialler.wake();
            return (await book().get(listId))?.status === 'Completed';
          };
          await until(isOver).toBe(true);
          expect(await statusesOf(listId), `killed at ${kill}`).toEqual(['Error 0', 'Error 0']);
          expect([...people].sort(), `killed at ${kill}`).toEqual(['Ann', 'Bob']);
          // The dead one would wait for ever; the others must not take what the next round makes.
          diallers.splice(diallers.indexOf(first.dialler), 1);
          for (const { dialler } of [...nodes, second]) await dialler.close(1_000);
          if (!isDead) break;
        }
        expect(steps).toBeGreaterThan(8);
      });

      it('a node that cannot renew its leases ends the sessions before another node may call', async () => {
        const listId = await list({ maxSimultaneous: 3 });
        const { callLists } = storage;
        const away = (): Promise<never> => Promise.reject(new Error('the database is away'));
        const store = new Proxy<CallListStore>(callLists, {
          get: (_, name: keyof CallListStore) => (name === 'renew' ? away : callLists[name].bind(callLists)),
        });
        const one = node('one', { store });
        one.dialler.start();
        await until(() => live(one)).toEqual(['Ann', 'Bob', 'Cyd']);
        // Leases of 180 s; people talk on while it is only away for a while.
        await later(130_000);
        await until(() => one.dialler.active).toBe(3);
        expect(one.sessions.endedByUs).toEqual([]);
        await later(10_000);
        await until(() => one.sessions.endedByUs.length).toBe(3);
        expect(one.dialler.active).toBe(0);
        expect(await statusesOf(listId)).toEqual(['In progress 2', 'In progress 2', 'In progress 2']);
      });

      it('stops, recovers, cancels and deletes; what runs goes on', async () => {
        const listId = await list({ maxSimultaneous: 1 });
        const one = node('one');
        one.dialler.start();
        await until(() => live(one)).toEqual(['Ann']);
        await expect(book().delete(listId)).rejects.toMatchObject({ code: 'call-list/in-progress' });
        await book().stop(listId);
        expect(await statusesOf(listId)).toEqual(['In progress 2', 'Canceled 2', 'Canceled 2']);
        await report(one, sessionOf(one, 'Ann'), { kind: 'error', data: 'busy' });
        one.sessions.end(sessionOf(one, 'Ann'));
        await until(() => statusesOf(listId)).toEqual(['Canceled 1', 'Canceled 2', 'Canceled 2']);
        expect(live(one)).toEqual([]);
        expect(await book().recover(listId)).toBe(3);
        const [ann, bob] = await tasksOf(listId);
        expect(await book().cancelTasks(listId, [{ id: ann!.id }, { uuid: bob!.uuid }, { id: -1 }])).toEqual([
          { id: ann!.id },
          { uuid: bob!.uuid },
        ]);
        one.dialler.wake();
        await until(() => live(one)).toEqual(['Cyd']);
        one.sessions.end(sessionOf(one, 'Cyd'));
        await until(async () => (await book().get(listId))?.status).toBe('Completed');
        await book().delete(listId);
        expect(await book().get(listId)).toBeUndefined();
      });

      it('lists are found, edited and shown by application; a rule that is gone is an error of its task', async () => {
        const listId = await list({
          canceled: true,
          name: 'Winter',
          priority: 7,
          windows: [{ from: 0, to: 3600 }],
        });
        const page = { limit: 10, offset: 0 };
        expect(await book().list({ ...page, name: 'wint', statuses: ['Canceled'] })).toMatchObject({
          total: 1,
          items: [{ id: listId, columns: ['phone', 'name'], priority: 7, windows: [{ from: 0, to: 3600 }] }],
        });
        expect((await book().list({ ...page, applicationIds: [idOf('second')] })).total).toBe(0);
        expect(
          (await book().list({ ...page, ids: [listId], ruleIds: [ruleId()], from: 0, to: clock.now() }))
            .total,
        ).toBe(1);
        expect(await book().edit(listId, { maxSimultaneous: 9, startAt: clock.now() + 1 })).toMatchObject({
          maxSimultaneous: 9,
          startAt: clock.now() + 1,
          name: 'Winter',
        });
        expect(await book().edit(listId, { startAt: undefined })).toMatchObject({ startAt: undefined });
        const [task] = await tasksOf(listId);
        await book().editTask(
          listId,
          { uuid: task!.uuid },
          { attemptsLeft: 1, priority: 0, customData: '{"name":"Eve"}' },
        );
        expect((await tasksOf(listId))[0]).toMatchObject({
          attemptsLeft: 1,
          priority: 0,
          customData: '{"name":"Eve"}',
        });
        await expect(book().edit(listId, { numAttempts: 6 })).rejects.toMatchObject({
          code: 'call-list/invalid',
        });
        await expect(book().tasks(999_999, page)).rejects.toMatchObject({ code: 'call-list/unknown' });

        const gone = await list({ maxSimultaneous: 3 });
        const one = node('one', { rules: { routeOfRule: () => undefined } });
        one.dialler.start();
        await until(() => statusesOf(gone)).toEqual(['Error 0', 'Error 0', 'Error 0']);
        expect(one.sessions.all).toEqual([]);
      });

      it('a node that drains, is full, or whose sessions cannot start leaves the tasks to others', async () => {
        const listId = await list({ maxSimultaneous: 3 });
        const draining = node('one', { accepts: () => false });
        const none = node('two', { simultaneous: 0 });
        const broken = node('three');
        broken.sessions.error = new Error('no sandbox');
        for (const { dialler } of [draining, none, broken]) dialler.start();
        await until(async () =>
          (await tasksOf(listId)).every(({ lastAttemptAt }) => lastAttemptAt !== undefined),
        ).toBe(true);
        await until(() => statusesOf(listId)).toEqual(['New 2', 'New 2', 'New 2']);
        expect([...draining.sessions.all, ...none.sessions.all]).toEqual([]);
        broken.sessions.error = undefined;
        await later(6_000);
        await until(() => live(broken)).toEqual(['Ann', 'Bob', 'Cyd']);
        // The node stops: its sessions end, which is nobody's success.
        for (const session of broken.sessions.live)
          broken.sessions.end(session, { reason: 'the node is shutting down', error: undefined });
        await broken.dialler.close(1_000);
        expect(await statusesOf(listId)).toEqual(['New 1', 'New 1', 'New 1']);
        await book().stop(listId);
      });
    });

    // The same statements on both; opening the embedded database again takes long.
    if (!shared) return;

    it('keys, values, rows and results are sealed, and found again under a new key of the vault', async () => {
      await storage.appStorage.put(application, 'kept:+447700900101', 'of +447700900101', 600);
      await storage.close();
      expect(await dump(place)).not.toMatch(/4477009|busy|of \+/);
      const line = (id: string) => `${id}:${Buffer.from(systemRandom.bytes(32)).toString('base64')}\n`;
      storage = await open({
        key: `${readFileSync(join(place.dataFolder, 'maskline.key'), 'utf8').trim()}\n${line('k2')}`,
      });
      const { appStorage: kept } = storage;
      expect((await kept.get(application, 'kept:+447700900101'))?.value).toBe('of +447700900101');
      await kept.put(application, 'kept:+447700900101', 'new', 600);
      const { items } = await kept.list(application, { namespace: 'kept', limit: 9, offset: 0 });
      expect(items.map(({ value }) => value)).toEqual(['new']);
    });
  });
}

/** Every row of the tables of this page, as text. */
async function dump(place: StoragePlace): Promise<string> {
  const { databaseUrl, dataFolder } = place;
  const database = await openDatabase({ databaseUrl, dataFolder, random: systemRandom, log: silentLogger });
  const out: string[] = [];
  for (const table of ['app_storage', 'call_lists', 'call_list_tasks']) {
    const { rows } = await sql<{
      row: string;
    }>`select row_to_json(t)::text as row from ${sql.table(table)} t`.execute(database.db);
    expect(rows.length, table).toBeGreaterThan(0);
    out.push(...rows.map(({ row }) => row));
  }
  await database.close();
  return out.join('\n');
}
