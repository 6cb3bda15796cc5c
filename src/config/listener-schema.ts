/** What the settings file says of one SIP listener. */
import Type from 'typebox';
import { section } from './section.ts';

const ListenerTransport = Type.Union(
  [Type.Literal('udp'), Type.Literal('tcp'), Type.Literal('tls'), Type.Literal('ws'), Type.Literal('wss')],
  {
    default: 'udp',
    description: 'udp, tcp or tls; ws and wss for browsers (RFC 7118).',
  },
);

export const ListenerSchema = section(
  {
    transport: ListenerTransport,
    host: Type.String({ default: '0.0.0.0', description: 'Address to bind; 0.0.0.0 or :: for all.' }),
    port: Type.Integer({
      default: 5060,
      minimum: 0,
      maximum: 65535,
      description: 'Port to bind; 0 takes a free one.',
    }),
    advertise: Type.Optional(
      Type.String({
        description:
          'Address that peers can reach, when the bound one is behind NAT: goes into Via and Contact.',
      }),
    ),
    advertisePort: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65535,
        description: 'Port that peers can reach; default: the bound one.',
      }),
    ),
    certificate: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'PEM file with the certificate and its chain, relative to the settings file; tls and wss need it. Read again when it changes and on SIGHUP; open connections stay.',
      }),
    ),
    key: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file with the private key of `certificate`.' }),
    ),
    ca: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'PEM file with the authorities that may sign client certificates; default: those of the machine.',
      }),
    ),
    clientCertificates: Type.Optional(
      Type.Union([Type.Literal('off'), Type.Literal('request'), Type.Literal('require')], {
        description:
          'Whether peers are asked for a certificate (tls, wss); default: off. request: a trunk may be known by it (`tls.clientName`); require: nobody gets in without.',
      }),
    ),
    origins: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          'Pages that may open a WebSocket (ws, wss), as browsers write them: https://phone.example.com. Default: any page. Whoever sends no Origin is no browser and is let in.',
      }),
    ),
  },
  'One SIP listener.',
);
