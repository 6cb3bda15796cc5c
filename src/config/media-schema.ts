/** What the settings file says of RTP. */
import Type from 'typebox';
import { section } from './section.ts';

export const MediaSchema = section(
  {
    host: Type.String({ default: '0.0.0.0', description: 'Address to bind RTP to.' }),
    advertise: Type.String({
      default: 'auto',
      description:
        'Address in our SDP; auto: the bound one, or for a wildcard the address of the default route.',
    }),
    ipv6: Type.Optional(
      section(
        {
          host: Type.String({ default: '::', description: 'IPv6 address to bind RTP to; :: for all.' }),
          advertise: Type.String({
            default: 'auto',
            description: 'IPv6 address in our SDP; auto: found as for `media.advertise`.',
          }),
        },
        'A second address, for peers that are reached over IPv6, where `media.host` is of IPv4. Each leg has the address of its own peer (RFC 6157), so that one may be on IPv4 and the other on IPv6. Without it: calls of the other IP version get 488.',
      ),
    ),
    ports: section(
      {
        min: Type.Integer({ default: 20000, minimum: 1024, maximum: 65534, description: 'First port.' }),
        max: Type.Integer({ default: 29999, minimum: 1025, maximum: 65535, description: 'Last port.' }),
      },
      'RTP port range; each leg takes two. Keep it off the ephemeral range of the kernel.',
    ),
    workers: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 64,
      description: 'Media threads; one carries about 400 legs with good latency.',
    }),
    legsPerWorker: Type.Integer({
      default: 400,
      minimum: 2,
      maximum: 4000,
      description: 'Legs that a worker takes at most.',
    }),
    silenceSeconds: Type.Integer({
      default: 30,
      minimum: 2,
      maximum: 3600,
      description: 'Seconds without RTP until a call is told RtpStopped.',
    }),
  },
  'RTP.',
);
