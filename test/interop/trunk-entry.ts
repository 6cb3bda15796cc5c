import { parseSettings } from '../../src/config/load.ts';
import type { TrunkEntry } from '../../src/config/schema.ts';

/** A trunk as the settings file would say it: what is not named has its default. */
export function trunkEntry(said: Partial<TrunkEntry> & Pick<TrunkEntry, 'name' | 'host'>): TrunkEntry {
  // JSON is YAML.
  return parseSettings(JSON.stringify({ trunks: [said] }), {}).trunks[0]!;
}
