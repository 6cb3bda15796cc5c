/**
 * The classified ads' backend, the push way. Who buys is a stranger: nobody knows the number ahead. Most ads share one number
 * and have digits of their own (mode `extension`); who pays for it has a number of their own, and can call back the last
 * caller (mode `axn`). A seller who is pestered has a caller blocked without ever having seen the number. A buyer who is signed in
 * and makes an offer is no stranger any more: the two have a number each (mode `axyb`).
 */
import { type MaskingSession, Maskline } from 'maskline/client';
import { environment, type Running, serve, text } from '../../http-server.ts';

const THIRTY_DAYS = 30 * 86_400;
const A_WEEK = 7 * 86_400;
/**
 * Apart from the numbers that stand beside ads: who has a session on a number reaches that one by it, and would not be asked
 * for the digits of another ad.
 */
const OFFER_NUMBERS: readonly string[] = ['+442079460802', '+442079460803'];

export async function startClassifiedsPush(options: {
  readonly host: string;
  readonly port: number;
  readonly maskline: Maskline;
}): Promise<Running> {
  const { maskline } = options;
  const ads = new Map<string, { readonly session: MaskingSession; readonly seller: string }>();

  await maskline.numbers.putPool('offers', { coolOffSeconds: 3600 });
  for await (const { id, number } of maskline.numbers.list())
    if (OFFER_NUMBERS.includes(number)) await maskline.numbers.change(id, { pool: 'offers' });

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
      ads.set(id, { session, seller });
      const [party] = session.parties;
      // Stands beside the ad: the number, and the digits to type after it.
      return [201, { dial: party?.serviceNumber, extension: party?.extension }];
    },

    // A buyer who is signed in makes an offer: from now on the two may talk about it.
    'POST /ads/:id/offers': async ({ id, body }) => {
      const ad = ads.get(id);
      if (ad === undefined) return [404, { error: 'no such ad' }];
      const [offer, title] = [text(body, 'id'), ad.session.parties[0]?.label];
      const session = await maskline.sessions.create(
        {
          mode: 'axyb',
          externalId: `ad ${id}, offer ${offer}`,
          parties: [
            { number: text(body, 'buyer'), role: 'buyer', label: `your offer for ${title}` },
            { number: ad.seller, role: 'seller', label: `an offer for ${title}` },
          ],
          number: { pool: 'offers' },
          ttlSeconds: A_WEEK,
          // What is still talked about stays open.
          sliding: true,
        },
        { idempotencyKey: `ad-${id}-offer-${offer}` },
      );
      // Each side is shown its own: what the buyer's page says tells nothing of what the seller dials.
      return [201, { buyer: session.parties[0]?.serviceNumber, seller: session.parties[1]?.serviceNumber }];
    },

    'POST /ads/:id/sold': async ({ id }) => {
      const ad = ads.get(id);
      if (ad === undefined) return [404, { error: 'no such ad' }];
      await maskline.sessions.close(ad.session.id);
      return [204];
    },

    // "Do not let that caller through again." The caller is a token, as the events of the calls have it.
    'POST /ads/:id/block': async ({ id, body }) => {
      const seller = ads.get(id)?.session.parties[0]?.person;
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
