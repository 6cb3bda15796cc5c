import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

const DESCRIPTION = `The API of a Maskline node. Every route but /health, /ready and /openapi.json needs an API key: \
\`Authorization: Bearer mk_…\`. Failures are problem documents (RFC 9457). Telephone numbers are shown to keys with the \
scope numbers:read, and masked for all others; none ever stands in a URL.`;

/** Collects the routes that are registered after it into an OpenAPI 3.1 document. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Maskline', version: '1', description: DESCRIPTION, license: { name: 'Apache-2.0' } },
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, mk_….' } },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id : `schema${index}`,
    },
    // What a route needs of a key stands in its config, and from there in the document.
    transform: ({ schema, url, route }) => {
      const access = route.config?.access;
      if (access === undefined || access === 'public') return { schema, url };
      const secured = {
        ...schema,
        security: [{ key: [] }],
        description: [schema.description, `Scope: ${access}.`].filter(Boolean).join(' '),
        'x-scope': access,
      };
      return { schema: secured, url };
    },
  });
}
