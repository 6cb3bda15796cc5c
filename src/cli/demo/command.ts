import { parseArgs } from 'node:util';
import { runDemo } from './run.ts';
import { playStory } from './story/story.ts';

/** `maskline demo [--story] [--json] [--no-keep]`: exit status 0 only if everything holds. */
export async function demoCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      story: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: true },
    },
    allowNegative: true,
  });
  const tell = values.json ? () => {} : (line: string) => console.log(line);
  if (values.story) return await story(values.json, tell);
  const result = await runDemo({ tell, keep: values.keep });
  if (values.json) {
    console.log(JSON.stringify(result));
    return result.ok ? 0 : 1;
  }
  const yes = (holds: boolean): string => (holds ? 'yes' : 'NO');
  console.log(`
What each side saw    driver: ${result.driverSaw}   passenger: ${result.passengerSaw}
Sound both ways       driver heard passenger: ${yes(result.audio.driverHeardPassenger)}   passenger heard driver: ${yes(result.audio.passengerHeardDriver)}
Set-up                ${result.setupMs} ms from the driver's INVITE to the passenger's
Recording             ${result.recording.path} (${result.recording.channels} channels, ${result.recording.seconds} s)
Leak scan             ${result.leaks.length === 0 ? 'nothing of one side reached the other' : `${result.leaks.length} LEAKS`}
${result.ok ? 'Everything holds.' : `It does NOT hold:\n${result.problems.map((problem) => `  - ${problem}`).join('\n')}`}`);
  for (const leak of result.leaks.slice(0, 20)) console.log(`  ${JSON.stringify(leak)}`);
  return result.ok ? 0 : 1;
}

async function story(json: boolean, tell: (line: string) => void): Promise<number> {
  const result = await playStory(tell);
  if (json) console.log(JSON.stringify(result));
  else console.log(result.ok ? 'Every step holds.' : 'Not every step holds.');
  return result.ok ? 0 : 1;
}
