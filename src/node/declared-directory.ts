import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ApplicationEntry, MASKING_SCENARIO, type Settings, type TrunkEntry } from '../config/schema.ts';
import { MasklineError } from '../kernel/errors.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { plainScript } from '../scenario/script-file.ts';
import { ha1Set } from '../sip/auth/digest.ts';
import type { DirectoryDeclaration } from '../storage/import-directory.ts';

type DeclaredApplication = DirectoryDeclaration['applications'][number];
type DeclaredTrunk = DirectoryDeclaration['trunks'][number];

const SHIPPED_MASKING = fileURLToPath(new URL('../../scenarios/masking.js', import.meta.url));

/**
 * What the settings file says of trunks and applications, as the directory takes it: passwords as digests, numbers read,
 * scenario files loaded (relative to the settings file). Throws `config/invalid` for a file or number that cannot be read.
 */
export async function declaredDirectory(settings: Settings, folder: string): Promise<DirectoryDeclaration> {
  const realm = settings.sip.domain;
  return {
    trunks: settings.trunks.map((trunk) => declaredTrunk(trunk, realm, folder)),
    applications: await Promise.all(
      settings.applications.map((application, index) =>
        declaredApplication(application, index, folder, realm),
      ),
    ),
  };
}

function declaredTrunk(trunk: TrunkEntry, realm: string, folder: string): DeclaredTrunk {
  const { inboundAuth, outboundAuth, tls, prefixes, media, ...same } = trunk;
  return {
    ...same,
    ...(tls === undefined ? {} : { tls: { ...tls, ...absolute(tls, folder) } }),
    prefixes: prefixes.map((prefix) => (prefix.startsWith('+') || prefix === '' ? prefix : `+${prefix}`)),
    media: { srtp: media.srtp, codecs: media.codecs, mediaSources: media.sources },
    ...(inboundAuth === undefined
      ? {}
      : {
          inboundAuth: {
            username: inboundAuth.username,
            ha1: ha1Set(inboundAuth.username, realm, inboundAuth.password),
          },
        }),
    ...(outboundAuth === undefined
      ? {}
      : {
          outboundAuth: {
            username: outboundAuth.username,
            password: outboundAuth.password,
            ...(outboundAuth.realm === undefined ? {} : { realm: outboundAuth.realm }),
          },
        }),
  };
}

/** The files of a trunk's TLS, which stand relative to the settings file. */
function absolute(
  tls: NonNullable<TrunkEntry['tls']>,
  folder: string,
): Partial<Record<'ca' | 'certificate' | 'key', string>> {
  return {
    ...(tls.ca === undefined ? {} : { ca: resolve(folder, tls.ca) }),
    ...(tls.certificate === undefined ? {} : { certificate: resolve(folder, tls.certificate) }),
    ...(tls.key === undefined ? {} : { key: resolve(folder, tls.key) }),
  };
}

async function declaredApplication(
  application: ApplicationEntry,
  index: number,
  folder: string,
  realm: string,
): Promise<DeclaredApplication> {
  const at = `/applications/${index}`;
  const number = (text: string, where: string): PhoneNumber => {
    const read = PhoneNumber.parse(text);
    if (!read.isE164)
      throw new MasklineError('config/invalid', `${where}: not a telephone number in E.164 (+…).`);
    return read;
  };
  return {
    name: application.name,
    fence: application.fence,
    numbers: application.numbers.map((text, i) => number(text, `${at}/numbers/${i}`)),
    verifiedNumbers: application.verifiedNumbers.map((text, i) => number(text, `${at}/verifiedNumbers/${i}`)),
    users: application.users.map((user, i) => ({
      username: user.name,
      ha1: ha1Set(user.name, realm, user.password),
      ...(user.number === undefined ? {} : { number: number(user.number, `${at}/users/${i}/number`) }),
    })),
    scenarios: await Promise.all(
      Object.entries(scenariosOf(application)).map(async ([name, file]) => ({
        name,
        source: await readScenario(resolve(folder, file), `${at}/scenarios/${name}`),
      })),
    ),
    rules: rulesOf(application).map((rule) => ({
      name: rule.name,
      pattern: rule.pattern,
      scenarios: rule.scenarios,
      ...(rule.customData === '' ? {} : { customData: rule.customData }),
    })),
  };
}

/** With `masking`, the scenario that comes with Maskline, unless the application has one of its own under that name. */
function scenariosOf({ masking, scenarios }: ApplicationEntry): ApplicationEntry['scenarios'] {
  return masking ? { [MASKING_SCENARIO]: SHIPPED_MASKING, ...scenarios } : scenarios;
}

/** With `masking`, a last one that takes what no other does, unless a rule has that name. */
function rulesOf({ masking, rules }: ApplicationEntry): ApplicationEntry['rules'] {
  if (!masking || rules.some(({ name }) => name === MASKING_SCENARIO)) return rules;
  return [...rules, { name: MASKING_SCENARIO, pattern: '.*', scenarios: [MASKING_SCENARIO], customData: '' }];
}

/** In TypeScript or JavaScript. */
async function readScenario(path: string, where: string): Promise<string> {
  try {
    return plainScript(path, await readFile(path, 'utf8'));
  } catch (error) {
    const why =
      error instanceof SyntaxError
        ? `is not TypeScript of erasable types: ${error.message}`
        : 'cannot be read.';
    throw new MasklineError('config/invalid', `${where}: the file ${path} ${why}`, { cause: error });
  }
}
