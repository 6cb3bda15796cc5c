import { describe, expect, test } from 'vitest';
import { carriesName, namesOf } from './certificate-names.ts';

describe('[RFC 5922 §7.1] the identities of a certificate', () => {
  test.each([
    ['DNS names', 'DNS:sip.example.com, DNS:Example.COM', ['sip.example.com', 'example.com']],
    ['sip: URIs come before DNS names', 'DNS:host7.example.com, URI:sip:example.com', ['example.com']],
    ['a URI with a user names no domain', 'URI:sip:alice@example.com, DNS:example.com', ['example.com']],
    ['other schemes name no domain', 'URI:sips:example.com, URI:https://example.com', []],
    [
      'addresses, IPv6 in full',
      'IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
      ['192.0.2.1', '2001:db8:0:0:0:0:0:1'],
    ],
    [
      'a name in quotes is one name',
      'DNS:"evil.example, DNS:example.com"',
      ['evil.example, dns:example.com'],
    ],
    ['kinds that we do not know are passed over', 'email:a@example.com, DNS:example.com', ['example.com']],
  ])('%s', (_title, subjectaltname, names) => {
    expect(namesOf({ subjectaltname, subject: { CN: 'cn.example.com' } })).toEqual(names);
  });

  test('the common name counts only where there is no subjectAltName at all', () => {
    expect(namesOf({ subject: { CN: 'cn.example.com' } })).toEqual(['cn.example.com']);
    expect(namesOf({ subject: {} })).toEqual([]);
  });
});

describe('[RFC 5922 §7.2] comparing', () => {
  test.each([
    ['example.com', 'EXAMPLE.com', true],
    ['example.com', 'example.com.', true],
    ['example.com', 'sip.example.com', false],
    ['*.example.com', 'sip.example.com', false],
    // An operator who writes the wildcard down as the name to expect knows what it stands for.
    ['*.example.com', '*.example.com', true],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1', true],
    ['2001:db8:0:0:0:0:0:1', '[2001:db8::1]', true],
  ])('%s for %s: %s', (carried, wanted, fits) => {
    expect(carriesName(namesOf({ subjectaltname: `DNS:${carried}` }), wanted)).toBe(fits);
  });
});
