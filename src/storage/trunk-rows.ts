import { type Ha1Set, TRUNK_DEFAULTS, type TrunkSettings } from '../sip/user-agent/types.ts';
import type { Vault } from './vault.ts';

/** A trunk before it has an id. */
export type TrunkDeclaration = Omit<TrunkSettings, 'id'>;

export interface TrunkColumns {
  readonly name: string;
  /** JSON without secrets. */
  readonly settings: string;
  readonly secrets: string;
}

const SECRETS = 'trunks.secrets';

interface Secrets {
  readonly inboundHa1?: Ha1Set;
  readonly outboundPassword?: string;
}

/** A trunk's settings without the secrets that `Secrets` holds. */
type OpenSettings = Omit<TrunkDeclaration, 'name' | 'inboundAuth' | 'outboundAuth'> & {
  readonly inboundAuth?: { readonly username: string };
  readonly outboundAuth?: { readonly username: string; readonly realm?: string };
};

/** Takes the secrets out of a trunk. Keys are in alphabetical order, so that equal trunks give equal texts. */
export function splitTrunk(trunk: TrunkDeclaration): TrunkColumns {
  // Whatever else is secret in a trunk has to be taken out here.
  const { name, inboundAuth: inbound, outboundAuth: outbound, ...open } = trunk;
  const settings: OpenSettings = {
    ...open,
    ...(inbound === undefined ? {} : { inboundAuth: { username: inbound.username } }),
    ...(outbound === undefined
      ? {}
      : {
          outboundAuth: {
            username: outbound.username,
            ...(outbound.realm === undefined ? {} : { realm: outbound.realm }),
          },
        }),
  };
  const secrets: Secrets = {
    ...(inbound === undefined ? {} : { inboundHa1: { md5: inbound.ha1.md5, sha256: inbound.ha1.sha256 } }),
    ...(outbound === undefined ? {} : { outboundPassword: outbound.password }),
  };
  return { name, settings: JSON.stringify(inOrder(settings)), secrets: JSON.stringify(secrets) };
}

/** By key, at the top and below. */
function inOrder(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, inOrder(inner)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sealSecrets(columns: TrunkColumns, vault: Vault): string {
  return vault.seal(columns.secrets, SECRETS);
}

/** Puts a trunk together again. Both JSON texts were written by `splitTrunk`. */
export function joinTrunk(
  row: {
    readonly id: string;
    readonly name: string;
    readonly settings: object;
    readonly secrets_sealed: string;
  },
  vault: Vault,
): TrunkSettings {
  const { inboundAuth, outboundAuth, ...rest } = row.settings as OpenSettings;
  const secrets = JSON.parse(vault.open(row.secrets_sealed, SECRETS)) as Secrets;
  return {
    id: row.id,
    name: row.name,
    // What an older version wrote says nothing of newer settings.
    ...TRUNK_DEFAULTS,
    ...rest,
    ...(inboundAuth === undefined || secrets.inboundHa1 === undefined
      ? {}
      : { inboundAuth: { ...inboundAuth, ha1: secrets.inboundHa1 } }),
    ...(outboundAuth === undefined || secrets.outboundPassword === undefined
      ? {}
      : { outboundAuth: { ...outboundAuth, password: secrets.outboundPassword } }),
  };
}
