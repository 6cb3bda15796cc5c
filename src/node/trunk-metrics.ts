import { Counter, Gauge, type Registry } from 'prom-client';
import type { TrunkHour, TrunkReport } from '../sip/user-agent/types.ts';

/**
 * What each trunk does. Totals count from the start of the node, for `rate()`; the two hours (the current one, and the
 * busiest of the last 24) are what an operator compares with the contract of the carrier.
 */
export function trunkMetrics(register: Registry, reports: () => readonly TrunkReport[]): void {
  const registers = [register];
  // The first one registered: prom-client reads the metrics in that order, and this one sets all the others.
  new Gauge({
    name: 'maskline_trunk_calls',
    help: 'Calls that the trunk carries now.',
    labelNames: ['trunk', 'direction'],
    registers,
    collect() {
      for (const metric of [offered, answered, failed, talk, state, ...gauges, this]) metric.reset();
      for (const { name: trunk, status, inbound, outbound, hours } of reports()) {
        state.set({ trunk }, { up: 1, down: 0, unknown: -1 }[status.health.state]);
        for (const [direction, totals] of [
          ['inbound', inbound],
          ['outbound', outbound],
        ] as const) {
          this.set({ trunk, direction }, status.calls[direction]);
          offered.inc({ trunk, direction }, totals.offered);
          answered.inc({ trunk, direction }, totals.answered);
          talk.inc({ trunk, direction }, totals.talkSeconds);
          for (const [kind, count] of Object.entries(totals.failed))
            failed.inc({ trunk, direction, class: kind }, count);
        }
        setHours(trunk, hours);
      }
    },
  });
  const direction = (name: string, help: string, more: readonly string[] = []): Counter =>
    new Counter({
      name: `maskline_trunk_${name}`,
      help,
      labelNames: ['trunk', 'direction', ...more],
      registers,
    });
  const offered = direction('calls_offered_total', 'INVITEs that left over the trunk or came in from it.');
  const answered = direction('calls_answered_total', 'Of those offered, the calls that were answered.');
  const failed = direction(
    'calls_failed_total',
    'Calls that were not answered, by class of the final status; limit: the trunk had no room.',
    ['class'],
  );
  const talk = direction('talk_seconds_total', 'Seconds from answer to end, of calls that have ended.');
  const { gauges, set: setHours } = hourGauges(registers);
  const state = new Gauge({
    name: 'maskline_trunk_up',
    help: '1: the trunk answers, 0: it is down, -1: nothing is known of it yet.',
    labelNames: ['trunk'],
    registers,
  });
}

type SetHours = (
  trunk: string,
  hours: { readonly current: TrunkHour; readonly busiest: TrunkHour } | undefined,
) => void;

function hourGauges(registers: Registry[]): { readonly gauges: readonly Gauge[]; readonly set: SetHours } {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({
      name: `maskline_trunk_hour_${name}`,
      help: `${help} hour: current, or busiest of the last 24.`,
      labelNames: ['trunk', 'hour'],
      registers,
    });
  const offered = gauge('offered', 'Calls offered in the hour.');
  const most = gauge('calls_most', 'Most calls at once in the hour.');
  const asr = gauge('asr', 'Answer-seizure ratio of the hour, 0 to 1.');
  const acd = gauge('acd_seconds', 'Average duration of the answered calls that ended in the hour.');
  const set: SetHours = (trunk, hours) => {
    for (const [hour, values] of Object.entries(hours ?? {})) {
      offered.set({ trunk, hour }, values.offered);
      most.set({ trunk, hour }, values.most);
      if (values.asr !== undefined) asr.set({ trunk, hour }, values.asr);
      if (values.acdSeconds !== undefined) acd.set({ trunk, hour }, values.acdSeconds);
    }
  };
  return { gauges: [offered, most, asr, acd], set };
}
