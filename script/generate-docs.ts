/** Writes the pages under docs/reference that are generated: `node script/generate-docs.ts`. test/docs.test.ts compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsJsonSchema, settingsReference } from '../src/config/describe.ts';
import { errorsPage } from './errors-page.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { platformApiPage } from './platform-api-page.ts';
import { prometheusAlerts } from './prometheus-alerts.ts';
import { sipPage } from './sip-page.ts';
import { voxenginePage } from './voxengine-page.ts';

export const ROOT = join(import.meta.dirname, '..');

/** Path from the root → text, made when asked for. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/settings.md': settingsReference,
  'docs/reference/settings.schema.json': settingsJsonSchema,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/platform-api.md': platformApiPage,
  'docs/reference/voxengine.md': voxenginePage,
  'docs/reference/sip.md': () => sipPage(ROOT),
  'docs/grafana/maskline.json': grafanaDashboard,
  'docs/grafana/alerts.yml': prometheusAlerts,
};

if (import.meta.main) {
  for (const [path, text] of Object.entries(PAGES)) {
    writeFileSync(join(ROOT, path), text());
    console.log(path);
  }
}
