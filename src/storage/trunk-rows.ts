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

/** Takes the secrets out of a trunk. Keys are in a fixed order, so that equal trunks give equal texts. */
export function splitTrunk(trunk: TrunkDeclaration): TrunkColumns {
  const { inboundAuth: inbound, outboundAuth: outbound } = trunk;
  const settings: OpenSettings = {
    host: trunk.host,
    ...(trunk.port === undefined ? {} : { port: trunk.port }),
    transport: trunk.transport,
    ...(trunk.tls === undefined ? {} : { tls: trunk.tls }),
    allowedSources: trunk.allowedSources,
    register: trunk.register,
    ...(trunk.fromDomain === undefined ? {} : { fromDomain: trunk.fromDomain }),
    prefixes: trunk.prefixes,
    priority: trunk.priority,
    ...(trunk.country === undefined ? {} : { country: trunk.country }),
    numberFormat: trunk.numberFormat,
    assertIdentity: trunk.assertIdentity,
    media: trunk.media,
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
  return { name: trunk.name, settings: JSON.stringify(settings), secrets: JSON.stringify(secrets) };
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
