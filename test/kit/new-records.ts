import type { CallRecord } from '../../src/records/ports.ts';
import type { WholeServer } from './whole-server.ts';

const WAIT_MS = 10_000;
const PAGE = 200;

/** Ids of all records so far. */
export async function knownRecords(server: WholeServer): Promise<ReadonlySet<string>> {
  return new Set((await allRecords(server)).map((record) => record.id));
}

/** Waits until `count` records are closed that were not there before; fails when there are more, or open ones. */
export async function expectNewRecords(
  server: WholeServer,
  earlier: ReadonlySet<string>,
  count: number,
): Promise<readonly CallRecord[]> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const fresh = (await allRecords(server)).filter((record) => !earlier.has(record.id));
    const closed = fresh.filter((record) => record.status !== 'in-progress');
    if (fresh.length > count) throw new Error(`expected ${count} new records, there are ${fresh.length}`);
    if (closed.length === count) return closed;
    if (performance.now() > end) {
      throw new Error(`expected ${count} closed records, there are ${closed.length} of ${fresh.length}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function allRecords(server: WholeServer): Promise<CallRecord[]> {
  const records: CallRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await server.maskline.storage.records.list({
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    records.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return records;
}
