import { createPublicKey } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { type Api, keyProblems } from '../api.ts';
import { applicationFor, keyOf, sees } from '../authorize.ts';
import type { HttpServerOptions } from '../options.ts';
import type { ApiKey } from '../ports.ts';
import { HttpError } from '../problems.ts';
import { ApplicationName, IdParams, Instant, lineOfText, listOf, ScopeSchema } from '../schemas.ts';
import { instant, Views } from '../views.ts';

const Key = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String({ description: 'The first characters, to recognise it by.' }),
  scopes: Type.Array(Type.String()),
  application: Type.Optional(Type.String({ description: 'Id of the only application that it sees.' })),
  createdAt: Instant,
  revokedAt: Type.Optional(Instant),
});
const NewKey = Type.Object(
  {
    name: lineOfText(1, 200, 'For people.'),
    scopes: Type.Array(ScopeSchema, { minItems: 1, maxItems: 50 }),
    application: Type.Optional(ApplicationName),
    publicKey: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description:
          'Makes a service account, which signs tokens (RS256) instead of showing a secret: the public half of its RSA key of 2048 to 4096 bits, PEM.',
      }),
    ),
  },
  { additionalProperties: false },
);
const MadeKey = Type.Object({
  ...Key.properties,
  secret: Type.Optional(
    Type.String({
      description: 'The key itself. It is shown here and never again. A service account has none.',
    }),
  ),
  account: Type.Optional(
    Type.Object(
      { id: Type.Integer(), email: Type.String() },
      {
        description: 'Of a service account: `iss` of its tokens is the number; `kid` in the header is `id`.',
      },
    ),
  ),
});

/** Keys while the node runs. A key can make only keys that may do no more than itself. */
export function keys(
  api: Api,
  {
    apiKeys,
    admin,
    settings,
    account,
  }: Pick<HttpServerOptions, 'apiKeys' | 'admin' | 'settings' | 'account'>,
): void {
  api.get(
    '/v1/keys',
    {
      config: { access: 'keys:write' },
      schema: {
        summary: 'API keys, without their secrets.',
        operationId: 'listKeys',
        tags: ['keys'],
        response: { 200: listOf(Key), ...keyProblems() },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const visible = (await apiKeys.list()).filter(({ applicationId }) => sees(key, applicationId));
      return { items: visible.map((one) => view(one, views)) };
    },
  );

  api.post(
    '/v1/keys',
    {
      config: { access: 'keys:write', audit: 'key.created' },
      schema: {
        summary: 'Makes an API key that may do no more than the key that makes it.',
        operationId: 'createKey',
        tags: ['keys'],
        body: NewKey,
        response: { 201: MadeKey, ...keyProblems(404, 413, 415) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { name, scopes, application, publicKey } = request.body;
      const beyond = scopes.filter((scope) => !key.scopes.includes(scope));
      if (beyond.length > 0) throw new HttpError('key/scope', `It has no ${beyond.join(', ')} to give.`);
      const applicationId =
        application === undefined ? key.applicationId : applicationFor(admin, key, application).id;
      const views = new Views(key, settings.publicUrl);
      if (publicKey === undefined) {
        const made = await apiKeys.create({ name, scopes, applicationId });
        return reply.code(201).send({ ...view(made.key, views), secret: made.secret });
      }
      if (account === undefined) {
        const fields = [
          { name: 'body/publicKey', message: 'is of no use here: this node takes no signed tokens' },
        ];
        throw new HttpError('request/invalid', undefined, { fields });
      }
      const signing = { name, scopes, applicationId, publicKey: readPublicKey(publicKey) };
      const made = await apiKeys.createServiceAccount(signing);
      return reply
        .code(201)
        .send({ ...view(made, views), account: { id: account.id, email: account.email } });
    },
  );

  api.delete(
    '/v1/keys/:id',
    {
      config: { access: 'keys:write', audit: 'key.revoked' },
      schema: {
        summary: 'Revokes a key; it stops working at once.',
        operationId: 'revokeKey',
        tags: ['keys'],
        params: IdParams,
        response: { 204: Type.Null({ description: 'Revoked.' }), ...keyProblems(404) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const found = (await apiKeys.list()).find(({ id }) => id === request.params.id);
      if (found === undefined || !sees(key, found.applicationId) || !(await apiKeys.revoke(found.id))) {
        throw new HttpError('entry/unknown');
      }
      return reply.code(204).send(null);
    },
  );
}

/** As it is stored: SPKI, PEM. Throws 400. */
function readPublicKey(pem: string): string {
  try {
    const key = createPublicKey(pem);
    const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
    // A private key is taken for its public half by Node, and nobody should send one.
    if (!pem.includes('PRIVATE') && bits >= 2_048 && bits <= 4_096) {
      return key.export({ type: 'spki', format: 'pem' }).toString();
    }
  } catch {
    // Answered below.
  }
  const fields = [{ name: 'body/publicKey', message: 'is no public RSA key of 2048 to 4096 bits' }];
  throw new HttpError('request/invalid', undefined, { fields });
}

function view(key: ApiKey, views: Views): Static<typeof Key> {
  const { id, name, prefix, scopes, applicationId, createdAt, revokedAt } = key;
  return {
    id,
    name: views.text(name),
    prefix,
    scopes: [...scopes],
    createdAt: instant(createdAt),
    ...(applicationId === undefined ? {} : { application: applicationId }),
    ...(revokedAt === undefined ? {} : { revokedAt: instant(revokedAt) }),
  };
}
