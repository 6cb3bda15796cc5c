/** SDP as real phones write it, for the tests. `port` and `direction` may be chosen; RTP stays on a test address. */
export function phoneSdp(
  options: {
    readonly host?: string;
    readonly port?: number;
    readonly direction?: string;
    readonly formats?: string;
    readonly version?: number;
  } = {},
): string {
  const host = options.host ?? '198.51.100.7';
  const family = host.includes(':') ? 'IP6' : 'IP4';
  return [
    'v=0',
    `o=SecretPhone 8000 ${options.version ?? 1} IN ${family} ${host}`,
    's=Secret session',
    `c=IN ${family} ${host}`,
    't=0 0',
    `m=audio ${options.port ?? 40_000} RTP/AVP ${options.formats ?? '8 0 101'}`,
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    `a=${options.direction ?? 'sendrecv'}`,
    '',
  ].join('\r\n');
}
