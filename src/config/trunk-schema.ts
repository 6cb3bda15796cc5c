/** What the settings file says of a trunk. `docs/guide/connect-a-trunk.md` explains it by example. */
import Type from 'typebox';
import { section } from './section.ts';

const TrunkTransport = Type.Union([Type.Literal('udp'), Type.Literal('tcp'), Type.Literal('tls')], {
  default: 'udp',
  description: 'udp, tcp or tls',
});

const Credentials = section(
  {
    username: Type.String({ minLength: 1, description: 'Digest user name.' }),
    password: Type.String({
      minLength: 1,
      description: 'Digest password; write ${NAME} to take it from the environment.',
    }),
    realm: Type.Optional(
      Type.String({ description: 'Answer challenges of this realm only; default: any realm of the trunk.' }),
    ),
  },
  'Digest credentials.',
);

const TrunkMedia = section(
  {
    srtp: Type.Union([Type.Literal('off'), Type.Literal('optional'), Type.Literal('required')], {
      default: 'optional',
      description:
        'SDES-SRTP (RFC 4568). optional: we offer plain RTP and accept RTP/SAVP. required: RTP/SAVP alone, both ways; use it with TLS, since the keys stand in the SDP.',
    }),
    codecs: Type.Array(Type.Union([Type.Literal('PCMA'), Type.Literal('PCMU'), Type.Literal('G722')]), {
      default: ['PCMA', 'PCMU', 'G722'],
      minItems: 1,
      uniqueItems: true,
      description: 'Codecs that we offer, the preferred one first.',
    }),
    sources: Type.Array(Type.String({ description: 'Address or CIDR block.' }), {
      default: [],
      description:
        'Where its RTP comes from. When named, RTP from anywhere else is dropped and nothing is learnt; empty: learnt from the first packets.',
    }),
  },
  'Media of a trunk.',
);

const TrunkTls = section(
  {
    ca: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'PEM file with the authorities that may sign the certificate of the trunk, relative to the settings file; default: those of the machine.',
      }),
    ),
    certificate: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'PEM file with our client certificate, where the trunk asks for one.',
      }),
    ),
    key: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file with the private key of `certificate`.' }),
    ),
    verify: Type.Boolean({
      default: true,
      description:
        'Refuse a certificate that is not signed by `ca` or does not name the trunk (RFC 5922). Off: whoever answers at the address can listen.',
    }),
    serverName: Type.Optional(
      Type.String({ minLength: 1, description: 'Name that its certificate must carry; default: `host`.' }),
    ),
    clientName: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'subjectAltName (DNS name, or sip: URI of a domain) of its client certificate: whoever shows it on a listener with `clientCertificates` is this trunk, wherever the call comes from.',
      }),
    ),
  },
  'TLS of a trunk; for transport tls.',
);

export const TrunkSchema = section(
  {
    name: Type.String({ minLength: 1, pattern: '^[A-Za-z0-9_.-]+$', description: 'Unique name.' }),
    host: Type.String({
      minLength: 1,
      description: 'Host name or address of the peer; where outbound calls go.',
    }),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65535,
        description: 'Port; default 5060, or DNS SRV when host is a name.',
      }),
    ),
    transport: TrunkTransport,
    tls: Type.Optional(TrunkTls),
    allowedSources: Type.Array(Type.String({ description: 'Address or CIDR block.' }), {
      default: [],
      description:
        'Addresses from which its calls come without digest. Empty: it must authenticate with `inboundAuth`.',
    }),
    inboundAuth: Type.Optional(Credentials),
    outboundAuth: Type.Optional(Credentials),
    register: Type.Boolean({
      default: false,
      description: 'Register with the provider (needs `outboundAuth`).',
    }),
    fromDomain: Type.Optional(
      Type.String({ description: 'Host in From and To of outbound calls; default: `host`.' }),
    ),
    prefixes: Type.Array(Type.String({ pattern: '^\\+?\\d*$' }), {
      default: [],
      description: 'E.164 prefixes that this trunk serves; the longest match wins. Empty: all.',
    }),
    shownPrefixes: Type.Array(Type.String({ pattern: '^\\+\\d{1,15}$' }), {
      default: [],
      description:
        'E.164 numbers, or their beginnings, that may be shown over this trunk: carriers let us show only those that they gave us. Empty: all. A call that shows another number, or none, goes to trunks that allow it.',
    }),
    priority: Type.Integer({
      default: 10,
      description: 'Among trunks that match equally, the smaller is tried first.',
    }),
    weight: Type.Integer({
      default: 10,
      minimum: 0,
      maximum: 65535,
      description:
        'Share of the calls among trunks of the same priority, drawn by lot for each call as RFC 2782 does; 0 is nearly never first.',
    }),
    failoverOn: Type.Array(Type.Integer({ minimum: 400, maximum: 699 }), {
      default: [408, 500, 501, 502, 503, 504, 505],
      uniqueItems: true,
      description:
        'Final statuses after which the next trunk is tried, if nothing has rung. Busy (486, 600), declined (603) and unknown (404) are the callee and not the trunk, and are better left out.',
    }),
    progressSeconds: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 60,
      description:
        'A call that has got nothing but 100 by then is cancelled here and, once that is confirmed, tried at the next trunk. Seconds; 0: never, since some carriers are silent while a phone rings.',
    }),
    redirectDomains: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Hosts, besides `host`, to which a 3xx of the trunk may send a call. With any other the call fails.',
    }),
    redirectNumbers: Type.Boolean({
      default: false,
      description:
        'Whether a 3xx of the trunk may lead to another number than the one that was called. Off: whoever can answer for the trunk cannot make us call where it likes.',
    }),
    maxCalls: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Calls at once, both directions, on this node; 0: no limit. Beyond, inbound ones get 503.',
    }),
    maxOutboundCalls: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Outbound calls at once on this node; 0: no limit. Beyond, the next trunk is tried.',
    }),
    callsPerSecond: Type.Number({
      default: 0,
      minimum: 0,
      description:
        'Outbound calls that may begin in a second on this node, in the long run; up to one second of them may begin at once. 0: no limit.',
    }),
    optionsSeconds: Type.Integer({
      default: 60,
      minimum: 0,
      maximum: 3600,
      description:
        'How often OPTIONS asks whether the trunk is there; 0: never. Only a trunk that has answered once can be found down, and one that is down is tried last, not never.',
    }),
    country: Type.Optional(
      Type.String({
        pattern: '^[A-Z]{2}$',
        description: 'ISO 3166 country of national spellings, both ways.',
      }),
    ),
    numberFormat: Type.Union(
      [Type.Literal('e164'), Type.Literal('e164-without-plus'), Type.Literal('national')],
      {
        default: 'e164',
        description:
          'How numbers are written towards the trunk: +7912…, 7912…, or as they are dialled in `country`: 8912…, and others with its international prefix.',
      },
    ),
    trunkPrefix: Type.Optional(
      Type.String({
        pattern: '^\\d{0,3}$',
        description:
          'For national: what stands before a national number, such as "0" or "8"; empty: nothing. Default: as the country does.',
      }),
    ),
    internationalPrefix: Type.Optional(
      Type.String({
        pattern: '^\\+?\\d{0,6}$',
        description:
          'For national: what stands before numbers of other countries, such as "00" or "810". Default: as the country does, else 00.',
      }),
    ),
    stripPrefix: Type.String({
      default: '',
      pattern: '^[+\\d*#]{0,16}$',
      description: 'Taken off the front of a dialled number as written for the trunk, where it begins so.',
    }),
    dialPrefix: Type.String({
      default: '',
      pattern: '^[+\\d*#]{0,16}$',
      description: 'Put in front of a dialled number, after `stripPrefix`: a tariff or customer prefix.',
    }),
    inboundStripPrefix: Type.String({
      default: '',
      pattern: '^[+\\d*#]{0,16}$',
      description: 'Taken off the front of the numbers that the trunk sends, where they begin so.',
    }),
    inboundDialPrefix: Type.String({
      default: '',
      pattern: '^[+\\d*#]{0,16}$',
      description: 'Put in front of the numbers that the trunk sends, after `inboundStripPrefix`.',
    }),
    userPhone: Type.Boolean({
      default: false,
      description: 'Add user=phone (RFC 3261 §19.1.1) to the URIs that hold a number.',
    }),
    callerIdIn: Type.Union(
      [Type.Literal('from'), Type.Literal('p-asserted-identity'), Type.Literal('remote-party-id')],
      {
        default: 'from',
        description:
          'Where the trunk looks for the number that is shown. With another one than from, From holds `fromUser`.',
      },
    ),
    fromUser: Type.Optional(
      Type.String({
        minLength: 1,
        pattern: '^[A-Za-z0-9_.+-]+$',
        description:
          'User part of From where `callerIdIn` is not from; default: the name in `outboundAuth`, else the shown number.',
      }),
    ),
    assertIdentity: Type.Boolean({
      default: false,
      description: 'Put the shown number into P-Asserted-Identity too, for carriers that require it.',
    }),
    trustCallerIn: Type.Array(
      Type.Union([
        Type.Literal('p-asserted-identity'),
        Type.Literal('remote-party-id'),
        Type.Literal('from'),
      ]),
      {
        default: ['p-asserted-identity', 'from'],
        minItems: 1,
        uniqueItems: true,
        description: 'Where the number of a caller is read from, the first that holds one.',
      },
    ),
    allowMd5: Type.Boolean({
      default: true,
      description:
        'Digest with MD5, both ways. Off: only SHA-256 and stronger (RFC 8760), so that nobody on the way can talk us down.',
    }),
    reliableProvisional: Type.Union(
      [Type.Literal('off'), Type.Literal('supported'), Type.Literal('required')],
      {
        default: 'supported',
        description:
          'Reliable provisional responses (100rel and PRACK, RFC 3262). supported: used where the trunk asks for them. off: for a trunk whose PRACK does not work; its call that requires them gets 420. required: for one that must never lose a 180 or early sound; our call to a peer without them gets 420 from it.',
      },
    ),
    media: TrunkMedia,
  },
  'A SIP peer that carries calls from and to the phone network.',
);
