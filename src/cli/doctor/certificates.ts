import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Check, type Finding, messageOf, ok, problem, warning } from './diagnosis.ts';

const DAY_MS = 86_400_000;
/** Authorities that renew by themselves do it with a month to go. */
const SOON_DAYS = 20;

/** Certificates of listeners and trunks: readable, with the key that belongs to them, and not about to expire. */
export const checkCertificates: Check = async ({ settings, folder, clock }) => {
  const places = [
    ...settings.sip.listen.map((one) => ({ ...one, name: `certificate ${one.transport} ${one.port}` })),
    ...settings.trunks.map(({ name, tls }) => ({ ...tls, name: `certificate of trunk ${name}` })),
  ];
  return places.flatMap(({ name, certificate, key }) => {
    if (certificate === undefined) return [];
    const read = (file: string): Buffer => readFileSync(resolve(folder, file));
    try {
      return [
        judgeCertificate(name, read(certificate), key === undefined ? undefined : read(key), clock.now()),
      ];
    } catch (error) {
      return [
        problem(
          name,
          messageOf(error),
          'Correct `certificate` and `key`: PEM files, relative to the settings file.',
        ),
      ];
    }
  });
};

/** Throws when one of the two is not PEM. */
export function judgeCertificate(name: string, pem: Buffer, key: Buffer | undefined, now: number): Finding {
  const certificate = new X509Certificate(pem);
  if (key !== undefined && !certificate.checkPrivateKey(createPrivateKey(key)))
    return problem(
      name,
      'The key does not belong to the certificate.',
      'Name the key with which it was made.',
    );
  const days = Math.floor((certificate.validToDate.getTime() - now) / DAY_MS);
  const names = certificate.subjectAltName ?? 'no name';
  const todo = 'Renew it; a running node reads the new file by itself.';
  if (now < certificate.validFromDate.getTime())
    return problem(
      name,
      `It is valid from ${certificate.validFrom} on only.`,
      'Look at the clock of this machine.',
    );
  if (days < 0) return problem(name, `It has expired (${certificate.validTo}).`, todo);
  if (days < SOON_DAYS) return warning(name, `It expires in ${days} days.`, todo);
  return ok(name, `Valid for ${days} days, for ${names}.`);
}
