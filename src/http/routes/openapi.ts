import { Type } from 'typebox';
import { type Api, problems } from '../api.ts';

export function openapi(api: Api): void {
  api.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: {
        summary: 'This document: OpenAPI 3.1.',
        operationId: 'openapi',
        tags: ['node'],
        response: { 200: Type.Object({}, { additionalProperties: true }), ...problems() },
      },
    },
    async () => ({ ...api.swagger() }),
  );
}
