/**
 * The Grafana dashboard of a node: docs/grafana/maskline.json, to be imported as it is. Six rows, in the order in which the
 * engineer on call asks: are calls well, are the trunks, is the sound, is the machine, who attacks, who changed what.
 * test/docs-metrics.test.ts checks that every metric named here is one that a node has.
 */
interface Panel {
  readonly title: string;
  /** PromQL → legend. */
  readonly queries: Readonly<Record<string, string>>;
  readonly unit?: 'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'cps' | 'pps';
  /** What to think when it looks bad. */
  readonly description: string;
  /** From here on it is drawn yellow, and red. */
  readonly thresholds?: readonly [yellow: number, red: number];
  readonly kind?: 'timeseries' | 'stat';
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const RATE = '[$__rate_interval]';
const NODE = '{instance=~"$instance"}';

function quantile(share: number, metric: string): string {
  return `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket${NODE}${RATE})))`;
}

export const ROWS: readonly Row[] = [
  {
    title: 'Calls',
    panels: [
      {
        title: 'Legs that are alive',
        queries: {
          [`sum(maskline_calls${NODE})`]: 'legs',
          [`sum(maskline_scenario_sessions${NODE})`]: 'scenario sessions',
        },
        description: 'Two legs a session. Many sessions without legs: scripts that do not end.',
      },
      {
        title: 'Ends of outbound legs, by status',
        queries: {
          [`sum by (status) (rate(maskline_legs_ended_total{direction="out",instance=~"$instance"}${RATE}))`]:
            '{{status}}',
        },
        unit: 'cps',
        description:
          '200 is an answered call. 480, 486, 487 are people. 403, 404, 5xx are trouble: look at the trunk and at docs/reference/errors.md.',
      },
      {
        title: 'Answered, of outbound legs (ASR)',
        queries: {
          [`sum(rate(maskline_legs_ended_total{direction="out",status="200",instance=~"$instance"}${RATE})) / sum(rate(maskline_legs_ended_total{direction="out",instance=~"$instance"}${RATE}))`]:
            'answered',
        },
        unit: 'percentunit',
        description:
          'It has a daily shape. A sudden fall with steady traffic is a trunk that takes calls and loses them.',
      },
      {
        title: 'Time to dial: INVITE in to INVITE out',
        queries: {
          [quantile(0.5, 'maskline_dial_seconds')]: 'p50',
          [quantile(0.99, 'maskline_dial_seconds')]: 'p99',
        },
        unit: 's',
        thresholds: [0.5, 2],
        description:
          'Nearly all of it is the customer’s backend. The caller hears nothing or ringback meanwhile.',
      },
      {
        title: 'Time to answer',
        queries: {
          [quantile(0.5, 'maskline_answer_seconds')]: 'p50',
          [quantile(0.9, 'maskline_answer_seconds')]: 'p90',
        },
        unit: 's',
        description: 'People and networks. Very short for all: an announcement answers, not people.',
      },
      {
        title: 'Calls refused, script errors',
        queries: {
          [`sum by (error) (rate(maskline_calls_refused_total${NODE}${RATE}))`]: '{{error}}',
          [`sum(rate(maskline_scenario_errors_total${NODE}${RATE}))`]: 'script failed',
        },
        unit: 'cps',
        description:
          'number/unknown: a number is not in an application. admission/full: the node is full. Script errors: GET /v1/calls/:id has the line.',
      },
    ],
  },
  {
    title: 'Trunks',
    panels: [
      {
        title: 'Trunk up',
        queries: { [`max by (trunk) (maskline_trunk_up${NODE})`]: '{{trunk}}' },
        kind: 'stat',
        thresholds: [0.5, 0.5],
        description:
          '0: no answer to OPTIONS, or calls fail; it is tried last. 1: up, or not known to be down.',
      },
      {
        title: 'Calls of each trunk',
        queries: { [`sum by (trunk, direction) (maskline_trunk_calls${NODE})`]: '{{trunk}} {{direction}}' },
        description: 'Against the channels that the provider sold.',
      },
      {
        title: 'Offered and answered, by trunk',
        queries: {
          [`sum by (trunk, direction) (rate(maskline_trunk_calls_offered_total${NODE}${RATE}))`]:
            'offered {{trunk}} {{direction}}',
          [`sum by (trunk, direction) (rate(maskline_trunk_calls_answered_total${NODE}${RATE}))`]:
            'answered {{trunk}} {{direction}}',
        },
        unit: 'cps',
        description: 'The gap between the two is what its calls end with: see the failures beside it.',
      },
      {
        title: 'Failures of each trunk, by class',
        queries: {
          [`sum by (trunk, class) (rate(maskline_trunk_calls_failed_total${NODE}${RATE}))`]:
            '{{trunk}} {{class}}',
        },
        unit: 'cps',
        description:
          '4xx are mostly people. 5xx and silence are the trunk. limit: it had no room, by your own settings.',
      },
      {
        title: 'Minutes of talk per minute, by trunk',
        queries: { [`sum by (trunk) (rate(maskline_trunk_talk_seconds_total${NODE}${RATE}))`]: '{{trunk}}' },
        description: 'What the provider bills, as calls that talk at once on average. Counted as calls end.',
      },
      {
        title: 'The hour: most calls at once',
        queries: { [`max by (trunk, hour) (maskline_trunk_hour_calls_most${NODE})`]: '{{trunk}} {{hour}}' },
        description: 'This hour and the busiest of the last 24: how many channels you need.',
      },
      {
        title: 'The hour: offered, answered share (ASR), length (ACD)',
        queries: {
          [`max by (trunk, hour) (maskline_trunk_hour_offered${NODE})`]: 'offered {{trunk}} {{hour}}',
          [`max by (trunk, hour) (maskline_trunk_hour_asr${NODE})`]: 'ASR {{trunk}} {{hour}}',
          [`max by (trunk, hour) (maskline_trunk_hour_acd_seconds${NODE})`]: 'ACD {{trunk}} {{hour}}',
        },
        description:
          'The figures that a carrier argues with. A short ACD with a good ASR: people hang up because they hear nothing.',
      },
    ],
  },
  {
    title: 'Sound',
    panels: [
      {
        title: 'RTP lost on the way to us',
        queries: {
          [`sum(rate(maskline_rtp_packets_total{kind="lost",instance=~"$instance"}${RATE})) / sum(rate(maskline_rtp_packets_total{kind="received",instance=~"$instance"}${RATE}))`]:
            'lost',
        },
        unit: 'percentunit',
        thresholds: [0.01, 0.03],
        description: 'People hear 1 %, complain at 3 %. Counted as legs end.',
      },
      {
        title: 'Jitter, p90',
        queries: { [quantile(0.9, 'maskline_rtp_jitter_seconds')]: 'p90' },
        unit: 's',
        thresholds: [0.02, 0.04],
        description: 'Of ended legs. Above 40 ms phones begin to drop packets.',
      },
      {
        title: 'Media workers: delay p99, legs',
        queries: {
          [`max by (worker) (maskline_media_worker_loop_delay_p99_seconds${NODE})`]: 'delay of {{worker}}',
        },
        unit: 's',
        thresholds: [0.01, 0.02],
        description: 'Above 20 ms it is heard: give media.workers one more, or take calls away.',
      },
      {
        title: 'Media: legs, players, recorders, ports',
        queries: { [`sum by (what) (maskline_media${NODE})`]: '{{what}}' },
        description:
          'Ports drain for some seconds after a call. Ports that grow while legs do not are a fault of ours.',
      },
      {
        title: 'Packets that were not the phone’s, or had to be converted',
        queries: {
          [`sum by (kind) (rate(maskline_rtp_packets_total{kind=~"strangers|unauthenticated|transcoded",instance=~"$instance"}${RATE}))`]:
            '{{kind}}',
        },
        unit: 'pps',
        description:
          'strangers: somebody sprays RTP at the ports (they hear and are heard by nobody). transcoded: the two legs have no codec in common, which costs CPU.',
      },
    ],
  },
  {
    title: 'Machine',
    panels: [
      {
        title: 'Main thread: event-loop delay p99',
        queries: { [`max(maskline_event_loop_delay_p99_seconds${NODE})`]: 'delay' },
        unit: 's',
        thresholds: [0.02, 0.1],
        description: 'Signalling waits for it. Above 20 ms the node is near its limit.',
      },
      {
        title: 'Memory',
        queries: { [`sum by (instance) (maskline_memory_bytes${NODE})`]: '{{instance}}' },
        unit: 'bytes',
        description:
          'It levels off after the first busy hour. Steady growth over days is a leak: report it with GET /metrics.',
      },
      {
        title: 'Records that wait for the database',
        queries: { [`sum(maskline_records_waiting${NODE})`]: 'changes' },
        thresholds: [500, 10_000],
        description: 'Calls go on without the database; from 20 000 on events are left out.',
      },
      {
        title: 'Too old, or to be erased',
        queries: {
          [`max by (kind) (maskline_retention_backlog${NODE})`]: '{{kind}}',
          [`max(maskline_erasures_running${NODE})`]: 'people being erased',
          [`sum(maskline_files_not_deleted${NODE})`]: 'files that cannot be deleted',
        },
        description:
          'It goes to nought within minutes. What stays is told in the log and in docs/guide/privacy.md.',
      },
      {
        title: 'SIP: transactions and dialogs',
        queries: {
          [`sum(maskline_sip_transactions${NODE})`]: 'transactions',
          [`sum(maskline_sip_dialogs${NODE})`]: 'dialogs',
        },
        description: 'Dialogs without legs are calls that the other side never ended.',
      },
      {
        title: 'SIP connections (TCP, TLS, WebSocket)',
        queries: { [`sum(maskline_sip_connections${NODE})`]: 'open' },
        description:
          'Registered phones and trunks over TCP or TLS, and browsers. A sudden fall is a network or a certificate.',
      },
      {
        title: 'Webhooks that wait',
        queries: {
          [`max(maskline_webhooks_waiting${NODE})`]: 'waiting',
          [`max(maskline_webhooks_oldest_seconds${NODE})`]: 'age of the oldest, seconds',
        },
        description:
          'The outbox of all nodes. It grows while a customer’s server is away; GET /v1/webhooks shows whose.',
      },
      {
        title: 'Webhooks per second',
        queries: {
          [`sum by (outcome) (rate(maskline_webhook_deliveries_total${NODE}${RATE}))`]: '{{outcome}}',
        },
        description: 'What failed is tried again for a day; what was given up can be replayed.',
      },
      {
        title: 'SIP traces',
        queries: {
          [`sum(maskline_traces_waiting${NODE})`]: 'waiting',
          [`sum(rate(maskline_traces_lost${NODE}${RATE}))`]: 'lost per second',
        },
        description:
          'Messages that wait to be stored, and those that were left out. Calls do not depend on it.',
      },
      {
        title: 'Draining, uptime',
        queries: { [`max by (instance) (maskline_draining${NODE})`]: 'draining {{instance}}' },
        kind: 'stat',
        description: '1: the node was asked to stop and takes no new calls.',
      },
    ],
  },
  {
    title: 'Masking',
    panels: [
      {
        title: 'Who is meant: decisions',
        queries: {
          [`sum by (decision) (rate(maskline_masking_resolutions_total${NODE}${RATE}))`]: '{{decision}}',
        },
        unit: 'cps',
        description:
          'reject and play: callers who have no order, or whose order is over; many of them are a backend that closes sessions too early. failed: the database did not answer.',
      },
      {
        title: 'Time to a decision',
        queries: {
          [quantile(0.5, 'maskline_masking_resolve_seconds')]: 'p50',
          [quantile(0.99, 'maskline_masking_resolve_seconds')]: 'p99',
        },
        unit: 's',
        thresholds: [0.01, 2],
        description:
          'A few milliseconds from the database. Seconds are the backend of a customer that is asked at call time: the caller hears nothing meanwhile.',
      },
      {
        title: 'Masking sessions',
        queries: {
          [`max(maskline_masking_sessions_open${NODE})`]: 'open, all nodes',
          [`sum(maskline_masking_calls_waiting${NODE})`]: 'changes that wait for the database',
        },
        description:
          'A count that only grows is a backend that never closes its sessions: it will run out of numbers. What waits is written when the database is back.',
      },
    ],
  },
  {
    title: 'Guards',
    panels: [
      {
        title: 'SIP messages, by what became of them',
        queries: { [`sum by (kind) (rate(maskline_sip_messages${NODE}${RATE}))`]: '{{kind}}' },
        unit: 'pps',
        description:
          'refusedByFloodGuard and unparsable: scanners. handlerErrors is always a fault of ours: report it with the log.',
      },
      {
        title: 'Digest: sources held back for guessing',
        queries: {
          [`sum(maskline_digest_locks${NODE})`]: 'locked now',
          [`sum(rate(maskline_digest_refused_unseen${NODE}${RATE}))`]: 'refused unseen per second',
        },
        description:
          'Somebody guesses passwords. Phones elsewhere are not locked out; a phone with a wrong password is, from where it is.',
      },
      {
        title: 'Toll-fraud fence',
        queries: { [`sum by (reason) (rate(maskline_fence_refused_total${NODE}${RATE}))`]: '{{reason}}' },
        unit: 'cps',
        thresholds: [0.01, 1],
        description:
          'Somebody tries to call where nobody of yours calls: a stolen API key, a scenario that dials what it is told, or a country that should be allowed.',
      },
    ],
  },
];

export function grafanaDashboard(): string {
  let y = 0;
  let id = 1;
  const panels: object[] = [];
  for (const row of ROWS) {
    panels.push({
      id: id++,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y: y++ },
      panels: [],
    });
    for (const [index, panel] of row.panels.entries()) {
      if (index > 0 && index % 3 === 0) y += 8;
      panels.push(grafanaPanel(panel, id++, { h: 8, w: 8, x: 8 * (index % 3), y }));
    }
    y += 8;
  }
  return `${JSON.stringify({ ...FRAME, panels }, undefined, 2)}\n`;
}

const SOURCE = { type: 'prometheus', uid: '${source}' };

const FRAME = {
  title: 'Maskline',
  uid: 'maskline-node',
  tags: ['maskline', 'sip'],
  schemaVersion: 39,
  editable: true,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [
      { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
      {
        ...{ name: 'instance', label: 'Node', type: 'query', datasource: SOURCE, refresh: 2 },
        query: 'label_values(maskline_calls, instance)',
        ...{ multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' } },
      },
    ],
  },
};

function grafanaPanel(panel: Panel, id: number, gridPos: object): object {
  const { title, description, queries, unit = 'short', kind = 'timeseries', thresholds } = panel;
  const steps =
    thresholds === undefined
      ? [{ color: 'green', value: null }]
      : [
          { color: 'green', value: null },
          { color: 'yellow', value: thresholds[0] },
          { color: 'red', value: thresholds[1] },
        ];
  // What is down at 0 and up at 1 is red below.
  const inverted = kind === 'stat' && thresholds !== undefined;
  return {
    ...{ id, type: kind, title, description, gridPos, datasource: SOURCE },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: {
          mode: 'absolute',
          steps: inverted
            ? [
                { color: 'red', value: null },
                { color: 'green', value: thresholds[0] },
              ]
            : steps,
        },
        ...(kind === 'timeseries'
          ? {
              custom: {
                fillOpacity: 10,
                thresholdsStyle: { mode: thresholds === undefined ? 'off' : 'line' },
              },
            }
          : {}),
      },
      overrides: [],
    },
    targets: Object.entries(queries).map(([expr, legendFormat], index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: SOURCE, expr, legendFormat },
    })),
  };
}
