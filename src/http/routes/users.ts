import { Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { applicationFilter, keyOf } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import { ApplicationQuery, listOf, PhoneText } from '../schemas.ts';
import { Views } from '../views.ts';

const User = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  username: Type.String(),
  number: Type.Optional(PhoneText),
  registered: Type.Integer({ description: 'Phones that are registered now.' }),
});

export function users(api: Api, { admin, settings }: Pick<HttpServerOptions, 'admin' | 'settings'>): void {
  api.get(
    '/v1/users',
    {
      config: { access: 'users:read' },
      schema: {
        summary: 'SIP accounts, and whether phones are registered for them.',
        operationId: 'listUsers',
        tags: ['users'],
        querystring: ApplicationQuery,
        response: { 200: listOf(User), ...keyProblems(404) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const application = applicationFilter(admin, key, request.query.application);
      const items = (await admin.users(application)).map((user) => ({
        id: user.id,
        application: user.applicationId,
        username: views.text(user.username),
        registered: user.registered,
        ...(user.number === undefined ? {} : { number: views.number(user.number) }),
      }));
      return { items };
    },
  );
}
