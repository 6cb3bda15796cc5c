/**
 * The classified ads' backend, the push way. Who buys is a stranger: nobody knows the number ahead. Most ads share one number
 * and have digits of their own (mode `extension`); who pays for it has a number of their own, and can call back the last
 * caller (mode `axn`). A seller who is pestered has a caller blocked without ever having seen the number.
 */
import { type MaskingSession, Maskline } from 'maskline/client';
import { environment, type Running, serve, text } from '../../http-server.ts';

const THIRTY_DAYS = 30 * 86_400;

export async function startClassifiedsPush(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<Running> {
  const { maskline } = options;
  const ads = new Map<string, MaskingSession>();

  return await serve(options, {
    // A seller publishes an ad.
    'POST /ads': async ({ body }) => {
      const [id, seller, title] = [text(body, 'id'), text(body, 'seller'), text(body, 'title')];
      const session = await maskline.sessions.create(
        {
          mode: body.ownNumber === true ? 'axn' : 'extension',
          externalId: id,
          parties: [
            {
              number: seller,
              role: 'seller',
              label: title,
              announcement: { kind: 'say', text: `A call about your ad: ${title}.`, language: 'en-GB' },
            },
          ],
          ttlSeconds: THIRTY_DAYS,
          greeting: { kind: 'say', text: 'We connect you with the seller.', language: 'en-GB' },
        },
        { idempotencyKey: `ad-${id}` },
      );
      ads.set(id, session);
      const [party] = session.parties;
      // Stands beside the ad: the number, and the digits to type after it.
      return [201, { dial: party?.serviceNumber, extension: party?.extension }];
    },

    'POST /ads/:id/sold': async ({ id }) => {
      const session = ads.get(id);
      if (session === undefined) return [404, { error: 'no such ad' }];
      await maskline.sessions.close(session.id);
      return [204];
    },

    // "Do not let that caller through again." The caller is a token, as the events of the calls have it.
    'POST /ads/:id/block': async ({ id, body }) => {
      const seller = ads.get(id)?.parties[0]?.person;
      if (seller === undefined) return [404, { error: 'no such ad' }];
      const block = {
        person: text(body, 'caller'),
        counterpart: seller,
        direction: 'from',
        by: 'party',
      } as const;
      await maskline.blocks.add({ ...block, reason: `ad ${id}` });
      return [204];
    },
  });
}

if (import.meta.main) {
  const maskline = new Maskline({ url: environment('MASKLINE_URL'), key: environment('MASKLINE_KEY') });
  const { url } = await startClassifiedsPush({ host: '127.0.0.1', port: 8092, maskline });
  console.log(`The backend of the ads is ${url}.`);
}
