import type { ApiRequest } from './api.ts';
import type { Behaviour } from './behaviour.ts';
import type { Reply } from './http.ts';
import { LinqError } from './linq-errors.ts';
import type { Card } from './model.ts';
import { cardObject } from './resources.ts';
import { isE164, type World } from './world.ts';

/** `/v3/contact_card`: one card a line. @throws LinqError */
export function serveCard(world: World, behaviour: Behaviour, request: ApiRequest): Reply {
  const { method, query, body } = request;
  const number = method === 'POST' ? body.phone_number : query.get('phone_number');
  if (method === 'GET' && number === null) {
    const cards = [...world.lines.values()].flatMap(({ number, card }) =>
      card === null ? [] : [cardObject(number, card)],
    );
    return { status: 200, body: { contact_cards: cards } };
  }
  if (typeof number !== 'string') throw new LinqError(1001);
  if (!isE164(number)) throw new LinqError(1002);
  const line = world.lines.get(number);
  if (line === undefined) throw new LinqError(method === 'GET' ? 2005 : 2006);
  if (method === 'GET') {
    if (line.card === null && behaviour.missingCard === 'not_found') throw new LinqError(2012);
    return {
      status: 200,
      body: { contact_cards: line.card === null ? [] : [cardObject(number, line.card)] },
    };
  }
  if (method === 'POST' && line.card?.isActive === true) throw new LinqError(2014);
  if (method === 'PATCH' && line.card === null) throw new LinqError(2012);
  line.card = editCard(method === 'PATCH' ? line.card : null, body, behaviour.newCard === 'active');
  return { status: 200, body: cardObject(number, line.card) };
}

/** A card from a POST body, or an old card with a PATCH body laid over it; `isActive`: it is on the device. */
function editCard(old: Card | null, body: Readonly<Record<string, unknown>>, isActive: boolean): Card {
  const { first_name: firstName = old?.firstName, last_name: lastName = old?.lastName } = body;
  const { image_url: imageUrl = old?.imageUrl } = body;
  if (typeof firstName !== 'string') throw new LinqError(1001);
  return {
    firstName,
    ...(typeof lastName === 'string' ? { lastName } : {}),
    ...(typeof imageUrl === 'string' ? { imageUrl } : {}),
    isActive,
  };
}
