import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { trunkEntry } from '../kit/trunk-entry.ts';
import { DRIVER, HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Asterisk, guidesPjsip } from './asterisk.ts';

/**
 * Asterisk as the network and as the office's PBX, with the `pjsip.conf` of docs/guide/connect-a-trunk.md: digest both
 * ways, sound both ways. It echoes what it hears, so that who hears a tone of their own was heard over there.
 */
const ASTERISK_HOST = ownLoopback(51);
const TONE = 700;
/** Beyond the trunk: no account of the example has it. */
const FAR_AWAY = '+447700900777';
const passwords = { passwordIn: 'in-4711', passwordOut: 'out-4711' };

let server: WholeServer;
let asterisk: Asterisk;

beforeAll(async () => {
  const listen = { host: ASTERISK_HOST, port: await freePort(ASTERISK_HOST) };
  const maskline = { host: HOST, port: await freePort() };
  asterisk = await Asterisk.start({
    listen,
    pjsip: guidesPjsip({ listen, maskline, ...passwords }),
    extensions: [
      '[from-network]',
      `exten => ${SERVICE},1,Set(CALLERID(num)=${DRIVER})`,
      ' same => n,Dial(PJSIP/${EXTEN}@maskline)',
      '[from-maskline]',
      `exten => ${FAR_AWAY},1,Answer()`,
      ' same => n,Echo()',
      'exten => _+X.,1,Hangup(17)',
      '',
    ].join('\n'),
  });
  server = await WholeServer.start({
    settings: (settings) => ({
      ...settings,
      sip: { ...settings.sip, allowSha256: false, listen: [{ transport: 'udp', ...maskline }] },
      trunks: [
        trunkEntry({
          name: 'asterisk',
          ...listen,
          inboundAuth: { username: 'asterisk', password: passwords.passwordIn },
          outboundAuth: { username: 'maskline', password: passwords.passwordOut },
        }),
      ],
    }),
  });
});
afterEach(() => server.reset());
afterAll(async () => {
  await asterisk?.stop();
  await server?.stop();
});

const connect = (number: string) => () =>
  ({ kind: 'reply', status: 200, body: JSON.stringify({ connect: number }) }) as const;

test('Asterisk as the carrier: takes our call after its challenge, and is heard', async () => {
  const earlier = await knownRecords(server);
  server.backend.answer = connect(FAR_AWAY);
  const driver = await server.phone('driver', { toneHz: TONE });
  const call = driver.call(SERVICE);
  await call.waitFor('connected');
  await call.waitUntil('an echo of its tone', () => call.rtp.heard.isTone(TONE));
  call.hangup();
  const [record] = await expectNewRecords(server, earlier, 1);
  expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
});

test('Asterisk as the carrier: busy', async () => {
  const earlier = await knownRecords(server);
  server.backend.answer = connect('+447700900778');
  const driver = await server.phone('driver');
  const call = driver.call(SERVICE);
  await call.waitFor('ended');
  const [record] = await expectNewRecords(server, earlier, 1);
  expect(record).toMatchObject({ status: 'failed', reason: 'busy' });
});

test('Asterisk as the PBX: calls the service number, answers our challenge, and hears', async () => {
  const earlier = await knownRecords(server);
  const passenger = await server.phone('passenger', {
    toneHz: TONE,
    answer: { ringAfterMs: 0, answerAfterMs: 100 },
  });
  await asterisk.console(`channel originate Local/${SERVICE}@from-network application Echo`);
  const call = await passenger.nextCall();
  expect(call.shown).toMatchObject({ number: SERVICE });
  await call.waitFor('connected');
  await call.waitUntil('an echo of its tone', () => call.sound?.heard.isTone(TONE) === true);
  call.hangup();
  const [record] = await expectNewRecords(server, earlier, 1);
  expect(record).toMatchObject({ status: 'completed', reason: 'connected, the called party hung up' });
  expect(await asterisk.console('core show channels count')).toContain('0 active channels');
});
