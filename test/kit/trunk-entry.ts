import { parseSettings } from '../../src/config/load.ts';
import type { TrunkEntry } from '../../src/config/schema.ts';

/** A trunk of the settings, everything that is not said being as the settings default it. */
export function trunkEntry(values: Partial<TrunkEntry> & Pick<TrunkEntry, 'name' | 'host'>): TrunkEntry {
  // JSON is YAML.
  const [trunk] = parseSettings(JSON.stringify({ trunks: [values] }), {}).trunks;
  if (trunk === undefined) throw new Error('the settings gave no trunk');
  return trunk;
}
