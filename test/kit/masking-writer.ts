/**
 * A process that makes, extends and closes masking sessions, several at a time, until it is killed. Its arguments are the data
 * folder, the id of an application, and the URL of a database server, if there is one; it prints `open`, then the id of
 * each session that was made.
 */
import { systemClock } from '../../src/kernel/clock.ts';
import { openMasking, sessionOf } from './masking-world.ts';

const [dataFolder = '', application = '', databaseUrl] = process.argv.slice(2);
const place = databaseUrl === undefined ? { dataFolder } : { dataFolder, databaseUrl };
const storage = await openMasking(place, systemClock);
const { sessions } = storage.masking;
process.stdout.write('open\n');

/** Always of the same two, who may have their number again at once. */
async function write(worker: number): Promise<never> {
  for (let round = 0; ; round++) {
    const externalId = `${process.pid} ${worker} ${round}`;
    const made = await sessions.create(sessionOf(application, [worker, 100 + worker], { externalId }));
    process.stdout.write(`${made.id}\n`);
    await sessions.change(made.id, application, { extendSeconds: 7_200 });
    await sessions.close(made.id, application, 'asked');
    if (round % 3 === 0) await sessions.remove(made.id, application);
  }
}

await Promise.all([1, 2, 3, 4].map(write));
