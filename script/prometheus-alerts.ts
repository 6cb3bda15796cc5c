/**
 * Alert rules for Prometheus: docs/grafana/alerts.yml. Few, each with what to do; whoever is woken by one of them must have
 * something to do.
 */
interface Alert {
  readonly name: string;
  readonly when: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
  readonly says: string;
  readonly todo: string;
}

export const ALERTS: readonly Alert[] = [
  {
    name: 'MasklineDown',
    when: 'up{job="maskline"} == 0',
    for: '1m',
    severity: 'page',
    says: 'The node does not answer.',
    todo: 'Look at its log; start it. Records and recordings are repaired at the start.',
  },
  {
    name: 'MasklineTrunkDown',
    when: 'max by (instance, trunk) (maskline_trunk_up) == 0',
    for: '3m',
    severity: 'page',
    says: 'Trunk {{ $labels.trunk }} does not answer.',
    todo: 'maskline doctor; call the provider. Calls go over other trunks where there are some.',
  },
  {
    name: 'MasklineFewAnswers',
    when: 'sum by (instance) (increase(maskline_legs_ended_total{direction="out",status="200"}[15m])) / sum by (instance) (increase(maskline_legs_ended_total{direction="out"}[15m])) < 0.2 and sum by (instance) (increase(maskline_legs_ended_total{direction="out"}[15m])) > 50',
    for: '5m',
    severity: 'page',
    says: 'Less than a fifth of the outbound calls is answered.',
    todo: 'Look at the statuses on the dashboard, then at one call: maskline trace CALL.',
  },
  {
    name: 'MasklineFull',
    when: 'increase(maskline_calls_refused_total{error="admission/full"}[5m]) > 0',
    for: '0m',
    severity: 'page',
    says: 'Callers are turned away: the node is full.',
    todo: 'Raise limits.calls if the machine has room, or add a node.',
  },
  {
    name: 'MasklineFence',
    when: 'sum by (instance, reason) (increase(maskline_fence_refused_total[5m])) > 5',
    for: '0m',
    severity: 'page',
    says: 'The toll-fraud fence refuses calls: {{ $labels.reason }}.',
    todo: 'See who dials what (GET /v1/calls). Revoke the key or stop the scenario if it is fraud, else widen the fence.',
  },
  {
    name: 'MasklineSlowLoop',
    when: 'max by (instance) (maskline_event_loop_delay_p99_seconds) > 0.1',
    for: '5m',
    severity: 'page',
    says: 'The main thread is late by more than 100 ms.',
    todo: 'Take calls away from this node; look for a neighbour that takes the CPU.',
  },
  {
    name: 'MasklineSoundLate',
    when: 'max by (instance, worker) (maskline_media_worker_loop_delay_p99_seconds) > 0.02',
    for: '5m',
    severity: 'ticket',
    says: 'Media worker {{ $labels.worker }} is late by more than 20 ms: people hear it.',
    todo: 'Raise media.workers, or lower media.legsPerWorker.',
  },
  {
    name: 'MasklineDatabaseBehind',
    when: 'maskline_records_waiting > 500',
    for: '2m',
    severity: 'page',
    says: '{{ $value }} changes of call records wait for the database.',
    todo: 'Look at the database. Calls go on; nothing is lost below 20 000.',
  },
  {
    name: 'MasklineErasureStuck',
    when: 'maskline_erasures_running > 0',
    for: '1d',
    severity: 'ticket',
    says: 'A person whom somebody has asked to erase is not erased after a day.',
    todo: 'Look for a node that has been off since, or for a disk that lets nothing be deleted; docs/guide/privacy.md says more.',
  },
  {
    name: 'MasklineFilesNotDeleted',
    when: 'maskline_files_not_deleted > 0',
    for: '1h',
    severity: 'ticket',
    says: '{{ $value }} recordings must go and cannot be deleted.',
    todo: 'Look into the log of the node, and at who may write to its recordings folder.',
  },
  {
    name: 'MasklineRetentionBehind',
    when: 'sum by (kind) (maskline_retention_backlog) > 5000',
    for: '6h',
    severity: 'ticket',
    says: '{{ $value }} {{ $labels.kind }} are older than the settings allow.',
    todo: 'Look at the load of the database; a node removes up to a few hundred a second. After a change of the settings it takes a while.',
  },
  {
    name: 'MasklineWebhooksGivenUp',
    when: 'increase(maskline_webhook_deliveries_total{outcome="given-up"}[1h]) > 0',
    for: '0m',
    severity: 'ticket',
    says: 'Webhooks were given up after a day.',
    todo: 'GET /v1/webhooks shows which server fails, GET /v1/webhooks/{id}/deliveries?state=failed why; replay when it is back.',
  },
  {
    name: 'MasklineWebhooksLate',
    when: 'max(maskline_webhooks_oldest_seconds) > 3600',
    for: '10m',
    severity: 'ticket',
    says: 'The oldest webhook has waited for an hour.',
    todo: 'GET /v1/webhooks shows which server fails. Events are not lost: they are in the log, and tried for a day.',
  },
  {
    name: 'MasklineScriptErrors',
    when: 'increase(maskline_scenario_errors_total[10m]) > 3',
    for: '0m',
    severity: 'ticket',
    says: 'Scenarios fail.',
    todo: 'GET /v1/calls shows the error with its line; undo the last change of the scenario.',
  },
  {
    name: 'MasklineFault',
    when: 'increase(maskline_sip_messages{kind="handlerErrors"}[10m]) > 0',
    for: '0m',
    severity: 'ticket',
    says: 'A SIP message could not be handled: a fault in Maskline.',
    todo: 'Report it with the stack in the log.',
  },
];

/** YAML; JSON strings are YAML strings. */
export function prometheusAlerts(): string {
  return [
    '# Generated by `node script/generate-docs.ts`: alert rules for Prometheus (rule_files).',
    'groups:',
    '  - name: maskline',
    '    rules:',
    ...ALERTS.flatMap((alert) => [
      `      - alert: ${alert.name}`,
      `        expr: ${JSON.stringify(alert.when)}`,
      `        for: ${alert.for}`,
      `        labels: { severity: ${alert.severity} }`,
      '        annotations:',
      `          summary: ${JSON.stringify(alert.says)}`,
      `          description: ${JSON.stringify(alert.todo)}`,
    ]),
    '',
  ].join('\n');
}
