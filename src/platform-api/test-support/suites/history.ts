import { beforeAll, describe, expect, test } from 'vitest';
import { storeCall, storeRecording } from '../../../http/test-support/calls.ts';
import { NUMBERS } from '../../../http/test-support/world.ts';
import type { Given } from '../given.ts';

export function history(given: Given): void {
  const { ask, done, code, declared } = given;
  describe('call history', () => {
    const START = Date.UTC(2026, 2, 1, 12, 0, 0);
    const day = { from_date: '2026-03-01 00:00:00', to_date: '2026-03-01 23:59:59' };
    beforeAll(async () => {
      const { world } = given.platform;
      await storeCall(world, 'history-1', 'taxi', START);
      await storeCall(world, 'history-2', 'delivery', START + 60_000);
      const job = { recordingId: 'rec-1', language: 'ru', phrases: [], attempts: 1, error: undefined };
      await world.storage.transcripts.save('maskline-1', { ...job, status: 'complete' });
      await storeRecording(world, 'history-1', {
        recordingId: 'rec-1',
        callId: 'history-1-b',
        startedAt: START + 5_000,
      });
    });

    test('sessions with their calls and recordings', async () => {
      const { result, ...rest } = await done('GetCallHistory', {
        ...day,
        with_calls: true,
        with_records: true,
      });
      expect(rest).toEqual({ total_count: 2, count: 2, timezone: 'UTC' });
      const [first] = result as Record<string, unknown>[];
      expect(first).toEqual({
        call_session_history_id: expect.any(Number),
        account_id: given.platform.account.id,
        application_id: await declared('taxi'),
        application_name: 'taxi.shop.voximplant.com',
        rule_name: 'all',
        start_date: '2026-03-01 12:00:00',
        duration: 10,
        finish_reason: 'Normal termination',
        audio_quality: 'Standard',
        log_file_url: 'https://calls.example.org/v1/calls/history-1/events',
        calls: [
          expect.objectContaining({
            call_id: expect.any(Number),
            incoming: true,
            remote_number: NUMBERS.driver.reveal('api').slice(1),
            local_number: NUMBERS.service.reveal('api').slice(1),
            remote_number_type: 'pstn',
            successful: expect.any(Boolean),
          }),
          expect.objectContaining({
            incoming: false,
            start_time: '2026-03-01 12:00:01',
            duration: 4,
            remote_number: NUMBERS.passenger.reveal('api').slice(1),
            successful: true,
            record_url: 'https://calls.example.org/v1/recordings/rec-1/audio',
            end_reason: '200',
          }),
        ],
        records: [
          expect.objectContaining({
            record_id: expect.any(Number),
            duration: 1,
            start_time: '2026-03-01 12:00:05',
            record_url: 'https://calls.example.org/v1/recordings/rec-1/audio',
            transcription_status: 'Complete',
            transcription_url: 'https://calls.example.org/v1/recordings/rec-1/transcript',
          }),
        ],
      });
    });

    test('filters, pages, order and time zones', async () => {
      const count = async (params: object) =>
        (await done('GetCallHistory', { ...day, ...params })).total_count;
      const all = (await done('GetCallHistory', { ...day, desc_order: true })).result as Record<
        string,
        unknown
      >[];
      expect(all.map((one) => one.start_date)).toEqual(['2026-03-01 12:01:00', '2026-03-01 12:00:00']);
      expect(await count({ application_name: 'delivery' })).toBe(1);
      expect(await count({ call_session_history_id: all[0]?.call_session_history_id })).toBe(1);
      expect(await count({ call_session_history_id: '999999' })).toBe(0);
      expect(await count({ rule_name: 'none' })).toBe(0);
      expect(await count({ remote_number: '447700900202', local_number: '442079460456' })).toBe(2);
      expect(await count({ remote_number: '447700900999' })).toBe(0);
      expect(await count({ min_duration: 11 })).toBe(0);
      expect(await count({ max_duration: 10 })).toBe(2);
      const page = await done('GetCallHistory', { ...day, count: 1, offset: 1, with_total_count: false });
      expect(page).toMatchObject({ count: 1 });
      expect(page.total_count).toBeUndefined();
      const moscow = {
        from_date: '2026-03-01 15:00:00',
        to_date: '2026-03-01 15:00:00',
        timezone: 'Europe/Moscow',
      };
      expect(await done('GetCallHistory', moscow)).toMatchObject({
        result: [{ start_date: '2026-03-01 15:00:00' }],
        total_count: 1,
        timezone: 'Europe/Moscow',
      });
    });

    test('a key without numbers:read sees masked numbers, and may not search by them', async () => {
      const weak = await given.platform.key(['calls:read'], 'taxi');
      const seen = await ask('GetCallHistory', { ...day, with_calls: true }, weak);
      expect(seen).toMatchObject({ total_count: 1 });
      expect(JSON.stringify(seen)).not.toContain('7700900');
      expect(await code('GetCallHistory', { ...day, remote_number: '447700900202' }, weak)).toBe(104);
    });

    test.each([
      [{}, 111],
      [{ ...day, from_date: '2026-02-30 00:00:00' }, 111],
      [{ ...day, from_date: 'yesterday' }, 111],
      [{ ...day, to_date: '2025-01-01 00:00:00' }, 123],
      [{ ...day, timezone: 'Mars/Base' }, 496],
      [{ ...day, call_session_history_id: 'x' }, 150],
      [{ ...day, is_async: true }, 492],
      [{ ...day, output: 'csv' }, 492],
      [{ ...day, call_session_history_custom_data: 'x' }, 492],
    ])('%j is answered %i', async (params, expected) => {
      expect(await code('GetCallHistory', params)).toBe(expected);
    });
  });
}
