import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { TRUNK_DEFAULTS } from '../../src/sip/user-agent/types.ts';
import type { DirectoryDeclaration } from '../../src/storage/import-directory.ts';
import { DRIVER, SERVICE } from '../kit/call-records.ts';

export const TAXI: DirectoryDeclaration['applications'][number] = {
  name: 'taxi',
  numbers: [SERVICE],
  verifiedNumbers: [PhoneNumber.parse('+74957770000')],
  users: [
    {
      username: 'driver',
      ha1: { md5: 'c'.repeat(32), sha256: 'd'.repeat(64) },
      number: DRIVER,
    },
  ],
  scenarios: [
    { name: 'library', source: '/* library */' },
    { name: 'masking', source: '/* masking */' },
  ],
  rules: [
    {
      name: 'drivers',
      pattern: '7495\\d{7}',
      scenarios: ['library', 'masking'],
      customData: 'http://127.0.0.1:9000',
    },
    { name: 'rest', pattern: '.*', scenarios: ['masking'] },
  ],
};

export const TRUNK: DirectoryDeclaration['trunks'][number] = {
  ...TRUNK_DEFAULTS,
  name: 'carrier',
  host: 'sip.carrier.example',
  port: 5070,
  transport: 'tcp',
  allowedSources: ['192.0.2.0/24'],
  inboundAuth: { username: 'in', ha1: { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) } },
  outboundAuth: { username: 'out', password: 'trunk-password', realm: 'carrier' },
  register: true,
  fromDomain: 'example.net',
  prefixes: ['+7'],
  priority: 5,
  country: 'RU',
  numberFormat: 'e164-without-plus',
  assertIdentity: true,
  media: { srtp: 'required', codecs: ['PCMU'], mediaSources: ['192.0.2.0/24'] },
};
