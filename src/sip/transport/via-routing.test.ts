import { describe, expect, test } from 'vitest';
import { request, response } from '../message/build.ts';
import { topVia, vias } from '../message/fields.ts';
import { datagramResponseTarget, stampReceived, streamResponseTarget } from './via-routing.ts';

const source = { host: '198.51.100.7', port: 40_123 };

function stamped(via: string) {
  const options = request('OPTIONS', 'sip:a@example.com', [
    ['Via', via],
    ['Via', 'SIP/2.0/UDP below.example.com;branch=z9hG4bKbelow'],
  ]);
  stampReceived(options, source);
  return { top: options.headers.get('Via'), options, answer: response(options, 200) };
}

describe('[row 21] received and rport', () => {
  test('[RFC 3581 §4] rport is filled with the source port, and received is always added with it', () => {
    const { top, answer } = stamped('SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1;rport');
    expect(top).toBe('SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1;rport=40123;received=198.51.100.7');
    expect(datagramResponseTarget(answer)).toEqual(source);
  });

  test('[RFC 3261 §18.2.1] without rport, received is the sender where sent-by differs, and the port is that of sent-by', () => {
    const { top, answer } = stamped('SIP/2.0/UDP 10.0.0.5:5070;branch=z9hG4bK1');
    expect(top).toBe('SIP/2.0/UDP 10.0.0.5:5070;branch=z9hG4bK1;received=198.51.100.7');
    expect(datagramResponseTarget(answer)).toEqual({ host: '198.51.100.7', port: 5070 });
    expect(datagramResponseTarget(stamped('SIP/2.0/UDP phone.example.com').answer)).toEqual({
      host: '198.51.100.7',
      port: 5060,
    });
  });

  test('a Via that says the truth is not touched', () => {
    const via = 'SIP/2.0/UDP  198.51.100.7:5070 ; Branch=z9hG4bK1';
    expect(stamped(via).top).toBe(via);
    expect(datagramResponseTarget(stamped(via).answer)).toEqual({ host: '198.51.100.7', port: 5070 });
  });

  test('a sender cannot aim our answer at somebody else', () => {
    for (const via of [
      'SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1',
      'SIP/2.0/UDP 198.51.100.7;received=192.0.2.66',
      'SIP/2.0/UDP 192.0.2.66;received=192.0.2.66;rport=99',
      'SIP/2.0/UDP 198.51.100.7;maddr=192.0.2.66',
    ]) {
      expect(datagramResponseTarget(stamped(via).answer).host).toBe('198.51.100.7');
    }
  });

  test('only the top Via is stamped, and the Via of a response not at all', () => {
    const { options, answer } = stamped('SIP/2.0/UDP a.example.com;rport, SIP/2.0/TCP b.example.com;rport');
    expect(vias(options).map((via) => via.params.get('received'))).toEqual([
      source.host,
      undefined,
      undefined,
    ]);
    expect(answer.headers.getAll('Via')).toEqual(options.headers.getAll('Via'));
  });

  test('[RFC 3261 §18.2.2] a lost connection is made anew to received and the port of sent-by', () => {
    const { answer } = stamped('SIP/2.0/TCP c.example.com:5080;branch=z9hG4bK1;rport');
    expect(streamResponseTarget(answer, 'tcp')).toEqual({
      transport: 'tcp',
      host: '198.51.100.7',
      port: 5080,
    });
    expect(topVia(answer).params.get('rport')).toBe('40123');
  });

  test('IPv6 addresses are compared and written without brackets', () => {
    const options = request('OPTIONS', 'sip:a@b', [['Via', 'SIP/2.0/UDP [2001:db8::9]:5070;rport']]);
    stampReceived(options, { host: '2001:db8::1', port: 6000 });
    expect(datagramResponseTarget(options)).toEqual({ host: '2001:db8::1', port: 6000 });
    const same = request('OPTIONS', 'sip:a@b', [['Via', 'SIP/2.0/UDP [2001:DB8::1]']]);
    stampReceived(same, { host: '2001:db8::1', port: 6000 });
    expect(topVia(same).params.has('received')).toBe(false);
  });
});
