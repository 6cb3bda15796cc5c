import { expect, test } from 'vitest';
import { DRIVER_HOST, PASSENGER_HOST, runMaskedCalls } from './masked-calls.ts';
import { Sipp } from './sipp.ts';

/**
 * The control of the experiment: with no server between the two, the driver calls the passenger directly, everything
 * leaks, and the kit has to say so. A scan that finds nothing here would prove nothing elsewhere.
 */
test('[row 29] with nothing in between, the kit reports what each side learnt of the other', async () => {
  const driverNumber = '+79123456789';
  const passenger = await Sipp.start({
    scenario: 'passenger-answers',
    host: PASSENGER_HOST,
    calls: 3,
    atOnce: 3,
  });
  const result = await runMaskedCalls({
    server: { sip: passenger.address, serviceNumber: '+74950001122', mayBeSeen: [] },
    passenger,
    driverNumber,
    passengerNumber: '+79876543210',
    settings: { talk_ms: 300 },
    calls: 3,
    atOnce: 3,
  });
  expect(result.passengerSaw).toHaveLength(1);
  expect(result.passengerSaw[0]).toContain(`<sip:${driverNumber}@${DRIVER_HOST}:`);
  const kinds = (to: string): string[] => [
    ...new Set(result.scan.leaks.filter((leak) => leak.to === to).map((leak) => leak.kind)),
  ];
  expect(kinds('passenger')).toEqual(
    expect.arrayContaining(['number', 'display-name', 'host', 'ssrc', 'call-id']),
  );
  expect(kinds('driver')).toEqual(expect.arrayContaining(['host', 'user-agent', 'ssrc', 'tag']));
  expect(JSON.stringify(result.scan.leaks)).not.toContain('9123456789');
});
