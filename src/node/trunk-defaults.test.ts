import { expect, test } from 'vitest';
import { parseSettings } from '../config/load.ts';
import { TRUNK_DEFAULTS } from '../sip/user-agent/types.ts';
import { declaredDirectory } from './declared-directory.ts';

test('a trunk of which the settings say nothing is the trunk that an old row of the database is completed to', async () => {
  const settings = parseSettings('trunks: [{ name: a, host: b }]', {});
  const { trunks } = await declaredDirectory(settings, '/');
  expect(trunks).toEqual([{ ...TRUNK_DEFAULTS, name: 'a', host: 'b' }]);
});

test('what the settings say of a trunk arrives', async () => {
  const said = {
    name: 'a',
    host: 'b',
    shownPrefixes: ['+7499'],
    weight: 3,
    failoverOn: [403],
    progressSeconds: 4,
    redirectDomains: ['c'],
    redirectNumbers: true,
    maxCalls: 5,
    maxOutboundCalls: 4,
    callsPerSecond: 0.5,
    optionsSeconds: 0,
    country: 'RU',
    numberFormat: 'national',
    trunkPrefix: '8',
    internationalPrefix: '810',
    stripPrefix: '8',
    dialPrefix: '99#',
    inboundStripPrefix: '9',
    inboundDialPrefix: '+',
    userPhone: true,
    callerIdIn: 'remote-party-id',
    fromUser: 'acc',
    trustCallerIn: ['remote-party-id'],
    allowMd5: false,
    reliableProvisional: 'off',
  } as const;
  const settings = parseSettings(JSON.stringify({ trunks: [said] }), {});
  const { trunks } = await declaredDirectory(settings, '/');
  expect(trunks).toEqual([{ ...TRUNK_DEFAULTS, ...said }]);
});
