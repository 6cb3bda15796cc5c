import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { keyOf } from '../authorize.ts';
import type { HttpServerOptions, TrunkStatus } from '../options.ts';
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
  state: Type.Optional(
    Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('unknown')], {
      description:
        'By OPTIONS and by what becomes of calls; one that is down is tried last. unknown: nothing was heard yet, or it does not answer OPTIONS.',
    }),
  ),
  stateSince: Type.Optional(Type.String({ format: 'date-time' })),
  stateReason: Type.Optional(Type.String({ description: 'Only while down.' })),
  calls: Type.Optional(
    Type.Object(
      { inbound: Type.Integer(), outbound: Type.Integer() },
      { description: 'Calls that it carries on this node now.' },
    ),
  ),
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
        summary: 'SIP trunks, their registrations, health and load.',
        operationId: 'listTrunks',
        tags: ['trunks'],
        response: { 200: listOf(Trunk), ...keyProblems() },
      },
    },
    async (request) => {
      const views = new Views(keyOf(request), settings.publicUrl);
      const items = admin.trunks().map(({ id, name, host, transport, prefixes, priority, register }) => {
        const status = trunkStatus(id);
        return {
          id,
          name: views.text(name),
          host,
          transport,
          prefixes: prefixes.map((prefix) => views.text(prefix)),
          priority,
          register,
          ...(!register || status?.registered === undefined ? {} : { registered: status.registered }),
          ...(!register || status?.lastError === undefined
            ? {}
            : { lastError: views.text(status.lastError) }),
          ...healthView(status, views),
        };
      });
      return { items };
    },
  );
}

function healthView(status: TrunkStatus | undefined, views: Views) {
  if (status?.health === undefined) return {};
  const { health, calls } = status;
  return {
    state: health.state,
    ...(health.since === undefined ? {} : { stateSince: new Date(health.since).toISOString() }),
    ...(health.reason === undefined ? {} : { stateReason: views.text(health.reason) }),
    ...(calls === undefined ? {} : { calls }),
  };
}
