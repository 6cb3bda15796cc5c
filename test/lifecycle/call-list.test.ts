import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DRIVER, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

/** The scenario of the guide, which follows the example of voximplant.com/docs/guides/solutions/call-lists. */
const GUIDE = readFileSync(new URL('../../docs/guide/call-people-by-list.md', import.meta.url), 'utf8');
const CALLS = (/```js\n([\s\S]*?)```/.exec(GUIDE)?.[1] ?? '').replaceAll('+442079460199', SERVICE);

it('a call list rings real phones, tries the busy one again, and keeps what the scripts reported', async () => {
  const server = await WholeServer.start({ scenarios: { '+442079460199': CALLS }, attacker: false });
  try {
    await server.phone('passenger', { answer: { answerAfterMs: 0 } });
    await server.phone('driver', { answer: { decline: { status: 486 } } });
    const { callLists } = server.maskline.parts;
    const { applications, rules } = server.maskline.storage.directory.snapshot;
    const application = applications[0]!.id;
    const rule = rules.get(application)?.find(({ name }) => name === 'test-0');
    const { listId, count } = await callLists.create({
      ...{ applicationId: application, ruleId: rule?.id ?? '', name: 'invitations' },
      ...{ maxSimultaneous: 2, numAttempts: 2, intervalSeconds: 0 },
      table: { csv: `phone;name\n${PASSENGER};Ann\n${DRIVER};Bob\n` },
    });
    expect(count).toBe(2);
    const list = async () => (await callLists.get(listId))?.status;
    await expect.poll(list, { timeout: 10_000, interval: 20 }).toBe('Completed');
    const { items } = await callLists.tasks(listId, { limit: 10, offset: 0 });
    expect(items.map(({ status, resultData }) => [status, resultData])).toEqual([
      ['Processed', '{"name":"Ann","reached":true}'],
      ['Error', '{"name":"Bob","code":486}'],
    ]);
    const records = await server.closedRecords(3);
    expect(records.map(({ legs }) => legs.length)).toEqual([1, 1, 1]);
    expect(records.map(({ id }) => id)).toEqual(
      expect.arrayContaining(items.map(({ sessionId }) => sessionId)),
    );
    // Numbers of people who are called stand in no log.
    expect(
      server.logLines.filter((line) => line.includes(DRIVER.slice(1)) || line.includes(PASSENGER.slice(1))),
    ).toEqual([]);
  } finally {
    await server.stop();
  }
});
