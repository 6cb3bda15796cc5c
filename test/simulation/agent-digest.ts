import { createHash } from 'node:crypto';

export interface Secret {
  readonly username: string;
  readonly password: string;
}

/** RFC 7616 §3.4 for one of the challenges; undefined when none is readable. */
export function answerChallenge(
  challenges: readonly string[],
  method: string,
  uri: string,
  { username, password }: Secret,
): string | undefined {
  for (const challenge of challenges) {
    const values = new Map(
      [...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((m) => [
        m[1]!.toLowerCase(),
        m[2] ?? m[3]!,
      ]),
    );
    const algorithm = values.get('algorithm') ?? 'MD5';
    const name = { MD5: 'md5', 'SHA-256': 'sha256' }[algorithm.toUpperCase()];
    const nonce = values.get('nonce');
    if (name === undefined || nonce === undefined) continue;
    const hash = (text: string): string => createHash(name).update(text).digest('hex');
    const realm = values.get('realm') ?? '';
    const first = hash(`${username}:${realm}:${password}`);
    const second = hash(`${method}:${uri}`);
    const cnonce = nonce.slice(0, 8);
    const qop =
      values
        .get('qop')
        ?.split(',')
        .map((one) => one.trim())
        .includes('auth') === true;
    const response = qop
      ? hash(`${first}:${nonce}:00000001:${cnonce}:auth:${second}`)
      : hash(`${first}:${nonce}:${second}`);
    const parts = [
      `username="${username}"`,
      `realm="${realm}"`,
      `nonce="${nonce}"`,
      `uri="${uri}"`,
      `response="${response}"`,
      `algorithm=${algorithm}`,
      ...(qop ? ['qop=auth', 'nc=00000001', `cnonce="${cnonce}"`] : []),
      ...(values.has('opaque') ? [`opaque="${values.get('opaque')}"`] : []),
    ];
    return `Digest ${parts.join(', ')}`;
  }
  return undefined;
}
