import type { Clock } from '../clock.ts';
import { type EpochMs, MINUTE, SECOND } from '../decide/time.ts';
import type { Behaviour } from './behaviour.ts';
import type { Publish } from './linq-events.ts';
import { accountPayload } from './payloads.ts';
import type { ApiRequest, Reply } from './reply.ts';
import { cardObject } from './resources.ts';
import { LinqError } from './simulator-errors.ts';
import { type Card, type CardState, createCard, isE164, type Line, type World } from './world.ts';

/** POST and PATCH of one card share a limit of calls in this time (domain ms). */
const WRITES_WITHIN_MS = 10 * MINUTE;

export interface CardChange {
  /** Emit the card's event. Default false: an operator who checks finds it changed. */
  readonly announce?: boolean;
  /**
   * Limits Linq's upstream for this long (domain ms): every write fails with 503/4004 and restarts the time,
   * and a PATCH leaves the card inactive.
   */
  readonly upstreamLimitMs?: number;
}

/** The contact cards of the account's lines: one per line. */
export interface Cards {
  /** @param state undefined leaves the card unchanged */
  setCard(line: string, state?: CardState, change?: CardChange): void;
  /** `/v3/contact_card`. @throws LinqError */
  serveCard(request: ApiRequest): Reply;
}

export function createCards({
  world,
  behaviour,
  clock,
  publish,
}: {
  world: World;
  behaviour: Behaviour;
  clock: Pick<Clock, 'now'>;
  publish: Publish;
}): Cards {
  const writes = new Map<string, EpochMs[]>();
  const upstream = new Map<string, { readonly limitMs: number; until: EpochMs }>();

  const announce = (line: Line, before: Card | null, origin: 'api' | 'dashboard') => {
    if (before === null && line.card === null) return;
    const what = before === null ? 'created' : line.card === null ? 'deleted' : 'updated';
    const shown = line.card === null ? { phone_number: line.number } : cardObject(line.number, line.card);
    const eventType = `contact_card.${what}`;
    const at = clock.now();
    publish(eventType, { line: line.number }, (head, version) =>
      accountPayload(head, version, eventType, at, origin, shown),
    );
  };

  /** @throws LinqError 1007 for the fourth write within ten minutes, 4004 while the upstream is limited */
  const admitWrite = (line: Line, method: string): void => {
    const now = clock.now();
    const recent = (writes.get(line.number) ?? []).filter((at) => now - at < WRITES_WITHIN_MS);
    const [oldest = now] = recent;
    if (recent.length >= behaviour.cardWrites) {
      const retryAfter = Math.ceil((oldest + WRITES_WITHIN_MS - now) / SECOND);
      throw new LinqError(1007, { retryAfter });
    }
    writes.set(line.number, [...recent, now]);
    const limit = upstream.get(line.number);
    if (limit === undefined || now >= limit.until) return;
    limit.until = now + limit.limitMs;
    if (method === 'PATCH' && line.card !== null) line.card = { ...line.card, isActive: false };
    throw new LinqError(4004);
  };

  const read = (number: string, { card }: Line): Reply => {
    if (card === null && behaviour.missingCard === 'not_found') throw new LinqError(2012);
    return { status: 200, body: { contact_cards: card === null ? [] : [cardObject(number, card)] } };
  };

  return {
    setCard(number, state, { announce: isAnnounced = false, upstreamLimitMs } = {}) {
      const line = world.line(number);
      const before = line.card;
      if (state !== undefined) line.card = createCard(state);
      if (isAnnounced) announce(line, before, 'dashboard');
      if (upstreamLimitMs !== undefined)
        upstream.set(number, { limitMs: upstreamLimitMs, until: clock.now() + upstreamLimitMs });
    },
    serveCard({ method, query, body }) {
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
      if (method === 'GET') return read(number, line);
      admitWrite(line, method);
      const before = line.card;
      if (method === 'POST' && before?.isActive === true) throw new LinqError(2014);
      if (method === 'PATCH' && before === null) throw new LinqError(2012);
      line.card = editCard(method === 'PATCH' ? before : null, body, behaviour.newCard === 'active');
      announce(line, before, 'api');
      return { status: 200, body: cardObject(number, line.card) };
    },
  };
}

/** A card from a POST body, or an old card updated by a PATCH body; `isActive`: it is on the device. */
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
