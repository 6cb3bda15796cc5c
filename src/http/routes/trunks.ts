import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { listOf } from '../schemas.ts';
import { Views } from '../views.ts';

const Trunk = Type.Object({
  id: Type.String(),
  name: Type.String(),
  host: Type.String(),
  transport: Type.String(),
  prefixes: Type.Array(Type.String(), {
    description: 'Beginnings of the numbers that it carries; empty: all.',
  }),
  priority: Type.Integer(),
  register: Type.Boolean({ description: 'Whether we register there.' }),
  registered: Type.Optional(Type.Boolean({ description: 'Only if we register there.' })),
  lastError: Type.Optional(Type.String({ description: 'Why the last registration failed.' })),
});

/** Trunks without their secrets. They belong to the node, not to an application. */
export function trunks(
  api: Api,
  { admin, trunkStatus, settings }: Pick<HttpServerOptions, 'admin' | 'trunkStatus' | 'settings'>,
): void {
  api.get(
    '/v1/trunks',
    {
      config: { access: 'trunks:read', wholeNode: true },
      schema: {
        summary: 'SIP trunks and their registrations.',
        operationId: 'listTrunks',
        tags: ['trunks'],
        response: { 200: listOf(Trunk), ...keyProblems() },
      },
    },
    async (request) => {
      const views = new Views(keyOf(request), settings.publicUrl);
      const items = admin.trunks().map(({ id, name, host, transport, prefixes, priority, register }) => {
        const status = register ? trunkStatus(id) : undefined;
        return {
          id,
          name: views.text(name),
          host,
          transport,
          prefixes: prefixes.map((prefix) => views.text(prefix)),
          priority,
          register,
          ...(status?.registered === undefined ? {} : { registered: status.registered }),
          ...(status?.lastError === undefined ? {} : { lastError: views.text(status.lastError) }),
        };
      });
      return { items };
    },
  );
}
