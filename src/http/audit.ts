/**
 * The audit log, as requests write it. An answer that shows digits waits until its row is in the database, and so does a
 * change that is audited before it is made: whoever saw a number, or may have changed something, stands there, however the
 * process ends. Rows of requests that wait at the same time are written together.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import type { Api } from './api.ts';
import { takeDisclosure } from './disclosure.ts';
import type { AuditAction, AuditLog } from './ports.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Requests to the route are written to the audit log before they are carried out. */
    audit?: AuditAction;
  }
}

/** More records than a page has are not named one by one. */
const MAX_SUBJECTS = 500;

export function auditRequests(app: Api, audit: Pick<AuditLog, 'write'>, clock: Clock): void {
  app.addHook('preHandler', async (request) => {
    const { audit: action } = request.routeOptions.config;
    if (action === undefined || request.apiKey === null) return;
    const subject = idOf(request);
    await audit.write({
      ...{ at: clock.now(), actor: request.apiKey.id, action, subject },
      applicationId: request.apiKey.applicationId,
      detail: { route: routeOf(request), requestId: request.id },
    });
  });
  // Throws instead of letting the answer out: the client gets 500, and no digits.
  app.addHook('onSend', async (request) => {
    const shown = request.apiKey === null ? undefined : takeDisclosure(request.apiKey);
    if (request.apiKey === null || shown === undefined) return;
    const [application, ...others] = shown.applications;
    const isOne = application !== undefined && others.length === 0;
    await audit.write({
      ...{ at: clock.now(), actor: request.apiKey.id, action: 'numbers.shown', subject: idOf(request) },
      applicationId: request.apiKey.applicationId ?? (isOne && application !== '' ? application : undefined),
      detail: {
        ...{ route: routeOf(request), requestId: request.id, numbers: shown.numbers },
        subjects: [...shown.subjects].slice(0, MAX_SUBJECTS),
      },
    });
  });
}

/** The id in the path, which is ours: its closed list of characters was checked. */
function idOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id?: unknown };
  return typeof id === 'string' ? id : '';
}

/** As it is declared, without anything that a client has sent. */
function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? ''}`;
}
