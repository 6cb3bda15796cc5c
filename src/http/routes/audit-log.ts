import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, keyOf } from '../authorize.ts';
import { readPage } from '../cursors.ts';
import type { HttpServerOptions } from '../options.ts';
import { AUDIT_ACTIONS } from '../ports.ts';
import { ApplicationName, Instant, lineOfText, PageQuery, pageOf } from '../schemas.ts';
import { instant } from '../views.ts';

const Action = Type.Enum([...AUDIT_ACTIONS], { description: 'docs/guide/privacy.md explains each.' });

const Entry = Type.Object({
  id: Type.String(),
  at: Instant,
  actor: Type.String({ description: 'Id of the API key, or `cli`.' }),
  action: Action,
  application: Type.Optional(Type.String({ description: 'Absent: of the whole node, or of several.' })),
  subject: Type.String({ description: 'Id of what was shown or changed; empty: a list.' }),
  detail: Type.Object({}, { additionalProperties: true }),
});

const Query = Type.Object(
  {
    ...PageQuery.properties,
    application: Type.Optional(ApplicationName),
    action: Type.Optional(Action),
    actor: Type.Optional(lineOfText(1, 64, 'Id of an API key, or `cli`.')),
    from: Type.Optional(Instant),
    to: Type.Optional(Instant),
  },
  { additionalProperties: false },
);

/** Who saw digits of which records, and who changed what matters for privacy. */
export function auditLog(api: Api, { admin, audit }: Pick<HttpServerOptions, 'admin' | 'audit'>): void {
  api.get(
    '/v1/audit-log',
    {
      config: { access: 'audit:read' },
      schema: {
        summary: 'Who saw numbers, and who changed policies, secrets and keys; newest first.',
        operationId: 'listAuditLog',
        tags: ['privacy'],
        querystring: Query,
        response: { 200: pageOf(Entry), ...keyProblems(404) },
      },
    },
    async (request) => {
      const { application, action, actor, from, to, ...page } = request.query;
      const applicationId = applicationFilter(admin, keyOf(request), application);
      const filter = {
        applicationId,
        ...(action === undefined ? {} : { action }),
        ...(actor === undefined ? {} : { actor }),
        ...(from === undefined ? {} : { from: Date.parse(from) }),
        ...(to === undefined ? {} : { to: Date.parse(to) }),
      };
      const of = ['audit-log', applicationId];
      const { items, next } = await readPage({ place: 'query/cursor', of }, page, (asked) =>
        audit.list(filter, asked),
      );
      return {
        items: items.map(({ at, applicationId: its, ...entry }) => ({
          ...entry,
          at: instant(at),
          ...(its === undefined ? {} : { application: its }),
        })),
        ...(next === undefined ? {} : { next }),
      };
    },
  );
}
