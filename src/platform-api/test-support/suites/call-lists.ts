import { describe, expect, test } from 'vitest';
import { type Given, TIME } from '../given.ts';

export function callLists(given: Given): void {
  const { ask, done, code, idOf } = given;
  describe('call lists', () => {
    const table = '__start_execution_time;phone\n10:00:00;+79000000000\n';
    const params = { priority: 0, max_simultaneous: 2, num_attempts: 3, name: 'spring', file_content: table };
    const rule = async () =>
      ((await done('GetRules', { application_name: 'taxi' })).result as { rule_id: number }[])[0]?.rule_id;

    test('are made from a table, listed, shown, changed, stopped, recovered, removed', async () => {
      const rule_id = await rule();
      const made = await done('CreateCallList', {
        ...params,
        rule_id,
        interval_seconds: 60,
        delimiter: ';',
        queue_id: '',
      });
      const list_id = made.list_id as number;
      expect(made).toEqual({ result: true, count: 1, list_id, batch_id: expect.any(String) });
      expect(await done('AppendToCallList', { list_id, file_content: table })).toMatchObject({
        count: 1,
        list_id,
      });
      expect(await done('GetCallLists', { list_id, is_active: true, rule_id })).toEqual({
        result: [
          {
            list_id,
            list_name: 'spring',
            priority: 0,
            rule_id,
            max_simultaneous: 2,
            num_attempts: 3,
            dt_submit: expect.stringMatching(TIME),
            interval_seconds: 60,
            status: 'In progress',
            task_priority_strategy: 'first_attempts',
          },
        ],
        total_count: 1,
        count: 1,
      });
      const details = await done('GetCallListDetails', { list_id });
      expect(details.result).toEqual([
        expect.objectContaining({
          task_id: expect.any(Number),
          status: 'New',
          status_id: 0,
          attempts_left: 3,
          custom_data: expect.stringContaining('+79000000000'),
        }),
        expect.anything(),
      ]);
      const [task] = details.result as { task_id: number; task_uuid: string }[];
      await done('EditCallListTask', {
        list_id,
        task_id: task?.task_id,
        attempts_left: 1,
        min_execution_time: '09:00:00',
      });
      expect(await done('CancelCallListTask', { list_id, tasks_ids: `${task?.task_id};99` })).toMatchObject({
        result: [
          { task_id: task?.task_id, result: true },
          { task_id: 99, result: false, error_msg: expect.any(String) },
        ],
      });
      expect(await done('EditCallList', { list_id, max_simultaneous: 5 })).toEqual({ result: true });
      expect(await code('DeleteCallList', { list_id })).toBe(101);
      await done('CancelCallListBatch', { list_id, batch_ids: made.batch_id });
      expect(await done('StopCallListProcessing', { list_id })).toMatchObject({ result: true });
      expect(await done('RecoverCallList', { list_id })).toMatchObject({
        count_recovery: expect.any(Number),
      });
      await done('StopCallListProcessing', { list_id });
      await done('DeleteCallList', { list_id });
      expect(await code('GetCallListDetails', { list_id })).toBe(255);
    });

    test('another application’s list is not there, and rows are masked for keys without numbers:read', async () => {
      const list_id = await idOf('CreateCallList', { ...params, rule_id: await rule() }, 'list_id');
      const stranger = await given.platform.key(['call-lists:read', 'call-lists:write'], 'delivery');
      expect(await code('GetCallListDetails', { list_id }, stranger)).toBe(255);
      expect(await code('StopCallListProcessing', { list_id }, stranger)).toBe(255);
      expect(await ask('GetCallLists', {}, stranger)).toMatchObject({ total_count: 0 });
      const weak = await given.platform.key(['call-lists:read'], 'taxi');
      const shown = await ask('GetCallListDetails', { list_id }, weak);
      expect(shown).toMatchObject({ total_count: 1 });
      expect(JSON.stringify(shown)).not.toContain('79000000000');
    });

    test.each([
      ['CreateCallList', {}, 147],
      ['CreateCallList', { priority: -1 }, 247],
      ['CreateCallList', { max_simultaneous: 0 }, 248],
      ['CreateCallList', { num_attempts: 6 }, 249],
      ['CreateCallList', { name: '' }, 253],
      ['CreateCallList', { file_content: '' }, 250],
      ['CreateCallList', { file_content: 'broken' }, 250],
      ['CreateCallList', { queue_id: 3 }, 492],
      ['CreateCallList', { delimiter: 'ab' }, 496],
      ['GetCallLists', { status: 'running' }, 428],
      ['GetCallLists', { from_date: '2026-13-01' }, 111],
      ['GetCallListDetails', { list_id: 999 }, 255],
      ['GetCallListDetails', { output: 'csv', list_id: 1 }, 492],
      ['EditCallListTask', { list_id: 999, task_id: 1 }, 255],
      ['AppendToCallList', { list_id: 999, file_content: table }, 255],
      ['RecoverCallList', {}, 255],
    ])('%s %j is answered %i', async (command, given, expected) => {
      const whole = command === 'CreateCallList' && Object.keys(given).length > 0;
      expect(await code(command, whole ? { ...params, rule_id: await rule(), ...given } : given)).toBe(
        expected,
      );
    });
  });
}
