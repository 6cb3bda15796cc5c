import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that only the test knows. */
export interface Authority {
  readonly ca: string;
  /** `subjectAltName` as openssl writes it: `DNS:sip.example.com,URI:sip:example.com,IP:127.0.0.1`; empty: none. */
  issue(subjectAltName: string, commonName?: string): Issued;
  /** Removes its folder. */
  close(): void;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** Makes keys with the machine's openssl; about 20 ms each. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-ca-'));
  const file = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const request = (...rest: string[]): void => {
    execFileSync('openssl', ['req', '-x509', ...CURVE, ...rest], { stdio: 'pipe' });
  };
  const own = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  request(...own, '-subj', '/CN=A test authority', '-addext', 'keyUsage=critical,keyCertSign');
  return {
    ca: read('ca.pem'),
    issue: (subjectAltName, commonName = 'maskline test') => {
      request(
        ...['-CA', file('ca.pem'), '-CAkey', file('ca.key')],
        ...['-keyout', file('leaf.key'), '-out', file('leaf.pem'), '-subj', `/CN=${commonName}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...(subjectAltName === '' ? [] : ['-addext', `subjectAltName=${subjectAltName}`]),
      );
      return { certificate: read('leaf.pem'), key: read('leaf.key') };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
