import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { TrunkReport } from '../sip/user-agent/types.ts';
import { trunkMetrics } from './trunk-metrics.ts';

const hour = {
  from: 0,
  offered: 4,
  answered: 3,
  failed: { '4xx': 1 },
  talkSeconds: 270,
  most: 2,
  asr: 0.75,
  acdSeconds: 90,
};
const none = { offered: 0, answered: 0, failed: {}, talkSeconds: 0 };

test('each scrape shows the totals as they stand, and nothing of trunks that are gone', async () => {
  const register = new Registry();
  let reports: TrunkReport[] = [
    {
      name: 'uk',
      status: {
        registered: undefined,
        lastError: undefined,
        health: { state: 'down', since: 0, reason: 'no answer' },
        calls: { inbound: 1, outbound: 2 },
      },
      inbound: none,
      outbound: hour,
      hours: { current: { ...hour, ...none, most: 0, asr: undefined, acdSeconds: undefined }, busiest: hour },
    },
  ];
  trunkMetrics(register, () => reports);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await register.metrics();
    expect(text).toContain('maskline_trunk_up{trunk="uk"} 0');
    expect(text).toContain('maskline_trunk_calls{trunk="uk",direction="outbound"} 2');
    expect(text).toContain('maskline_trunk_calls_offered_total{trunk="uk",direction="outbound"} 4');
    expect(text).toContain(
      'maskline_trunk_calls_failed_total{trunk="uk",direction="outbound",class="4xx"} 1',
    );
    expect(text).toContain('maskline_trunk_hour_asr{trunk="uk",hour="busiest"} 0.75');
    expect(text).toContain('maskline_trunk_hour_acd_seconds{trunk="uk",hour="busiest"} 90');
    expect(text).not.toContain('maskline_trunk_hour_asr{trunk="uk",hour="current"}');
  }
  reports = [];
  expect(await register.metrics()).not.toContain('trunk="uk"');
});
