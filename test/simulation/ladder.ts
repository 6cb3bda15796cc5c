import { CALLER, CARRIERS, SERVER } from './numbers.ts';
import { readWire } from './wire.ts';
import type { World } from './world.ts';

const NAMES: Readonly<Record<string, string>> = {
  [SERVER.host]: 'server',
  [CALLER.host]: 'caller',
  [CARRIERS[0].host]: 'carrier1',
  [CARRIERS[1].host]: 'carrier2',
};

/** What was sent between whom, with what else happened, in order; numbers and times are those of the simulation. */
export function ladder(world: World): string {
  const rows = [
    ...world.trace.sent.map((one, index) => ({ at: one.at, order: index, text: messageRow(one) })),
    ...world.trace.notes.map(({ at, text }, index) => ({ at, order: index, text: `  · ${text}` })),
  ];
  rows.sort((a, b) => a.at - b.at);
  return rows.map(({ at, text }) => `${at.toFixed(0).padStart(8)} ${text}`).join('\n');
}

function messageRow(sent: World['trace']['sent'][number]): string {
  const from = NAMES[sent.from] ?? sent.from;
  const to = NAMES[sent.to] ?? sent.to;
  const [start = ''] = sent.text.split('\r\n');
  const wire = readWire(sent.text);
  const field = (name: string): string => wire?.fields.find(([known]) => known === name)?.[1] ?? '';
  const what = wire === undefined ? 'keep-alive' : wire.status > 0 ? `${wire.status}` : wire.method;
  const body = wire !== undefined && wire.body !== '' ? ' +body' : '';
  const fate =
    sent.transport !== 'udp'
      ? ` (${sent.transport})`
      : sent.delays.length === 0
        ? ' LOST'
        : ` arrives +${sent.delays.join(' +')}`;
  const tag = /tag=(\w+)/.exec(field('to'))?.[1] ?? '-';
  const details = `${field('cseq')}${body}  id ${field('call-id').slice(0, 6)} to-tag ${tag.slice(0, 6)}`;
  return `${from.padStart(8)} → ${to.padEnd(8)} ${what.padEnd(7)} ${wire === undefined ? start : details}${fate}`;
}
