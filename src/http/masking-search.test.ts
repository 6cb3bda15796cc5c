import { expect, test } from 'vitest';
import { createWorld } from './test-support/world.ts';

const DRIVER = '+447700900301';
const CLIENT = '+447700900302';

test('who may not read numbers looks for service numbers, and for none of a person', async () => {
  const world = await createWorld({ rateLimits: { requestsPerMinute: 0 } });
  try {
    const post = (url: string, payload: object, headers: Record<string, string>) =>
      world.app.inject({ method: 'POST', url, payload, headers });
    const writer = await world.key('all', 'taxi');
    const parties = [{ number: DRIVER }, { number: CLIENT }];
    const made = (await post('/v1/masking-sessions', { parties }, writer)).json();

    const search = (number: string, headers: Record<string, string>) =>
      post('/v1/masking-sessions/search', { number }, headers);
    const reader = await world.key(['sessions:read'], 'taxi');
    // The same for somebody and for nobody: the refusal tells nothing.
    for (const number of [DRIVER, '+447700909999']) {
      const refused = await search(number, reader);
      expect([refused.statusCode, refused.json().code]).toEqual([403, 'key/scope']);
      expect(refused.json().detail).toContain('numbers:read');
    }
    const found = (await search(made.parties[0].serviceNumber, reader)).json();
    expect(found.items).toMatchObject([{ id: made.id, parties: [{ person: made.parties[0].person }, {}] }]);
    const both = await world.key(['sessions:read', 'numbers:read'], 'taxi');
    expect((await search(DRIVER, both)).json().items).toMatchObject([{ id: made.id }]);
    // Another tenant's service number is shown to nobody here.
    const stranger = await world.key(['sessions:read'], 'delivery');
    expect((await search(made.parties[0].serviceNumber, stranger)).statusCode).toBe(403);
  } finally {
    await world.close();
  }
});
