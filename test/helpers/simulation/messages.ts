import type { ChatEvent, LineEvent } from '../../../src/decide/event.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { eventOf, T } from '../builders.ts';
import { type MessageFields, message2025, message2026 } from '../deliver.ts';
import type { Dice } from './random.ts';

export const LINES = ['+12025550100', '+12025550101', '+12025550102'] as const;

/** One arrival of an event, and what it tells, in the words of who made it up. */
export interface Arrival {
  readonly do: 'arrive';
  readonly at: number;
  readonly webhookId: string;
  readonly body: string;
  readonly tells: ChatEvent | LineEvent;
}

/** A chat's messages over the days, each delivered with some luck: late, twice, not at all. */
export function writeChat(dice: Dice, index: number, endAt: number): Arrival[] {
  const { between, chance, pick } = dice;
  const chatId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const line = pick(...LINES);
  const isGroup = chance(0.1);
  const messagesADay = pick(0.1, 0.4, 1, 2);
  const beginsAt = T + between(0, 20 * DAY);
  const until = Math.min(endAt, beginsAt + between(DAY, 20 * DAY));
  const arrivals: Arrival[] = [];
  const send = (fields: MessageFields, rest: Partial<ChatEvent>) => {
    const all = { chatId, line, isGroup, ...fields };
    const event = fields.health !== undefined || chance(0.5) ? message2026(all) : message2025(all);
    arrivals.push(...deliver(dice, event, eventOf({ chatId, ...rest }), fields.sentAt ?? 0));
  };
  for (
    let at = beginsAt;
    at < until;
    at += 1 + Math.floor((-Math.log(1 - dice.random()) * DAY) / messagesADay)
  ) {
    const service = chance(0.92) ? 'iMessage' : 'SMS';
    const outbound = { at, line, service, isGroup };
    const health = chance(0.06) ? pick('AT_RISK', 'CRITICAL', 'HEALTHY', 'HEALTHY') : undefined;
    const isTold = health === undefined ? {} : { health };
    send(
      { sentAt: at, service, ...isTold },
      { outbound, health: health === undefined ? null : { status: health, at } },
    );
    if (chance(0.3)) send({ sentAt: at, service, eventType: 'message.delivered' }, { outbound });
    if (!chance(0.4)) continue;
    const heardAt = at + between(SECOND, 2 * HOUR);
    const isOptOut = !isGroup && chance(0.05);
    const text = isOptOut ? pick('STOP', ' stop ') : 'Thanks!';
    send({ sentAt: heardAt, isOutbound: false, text }, { inbound: { at: heardAt, isOptOut } });
  }
  return arrivals;
}

/** Linq's word on a line. */
export function writeLine(dice: Dice, line: string, status: 'FLAGGED' | 'ACTIVE', at: number): Arrival[] {
  const event = {
    api_version: 'v3',
    webhook_version: '2026-02-03',
    event_type: 'phone_number.status_updated',
    event_id: `line ${line} ${at}`,
    created_at: new Date(at + 500).toISOString(),
    data: { phone_number: line, new_status: status, changed_at: new Date(at).toISOString() },
  };
  return deliver(dice, event, { kind: 'line', line, at, status, reputation: null }, at);
}

function deliver(dice: Dice, event: object, tells: Arrival['tells'], at: number): Arrival[] {
  const { between, chance } = dice;
  if (chance(0.01)) return [];
  const lateMs = chance(0.1) ? between(0, 20 * MINUTE) : between(0, 3 * SECOND);
  const arrival: Arrival = {
    do: 'arrive',
    at: at + 500 + lateMs,
    webhookId: `msg_${between(0, 2 ** 31)}`,
    body: JSON.stringify(event),
    tells,
  };
  return chance(0.05) ? [arrival, { ...arrival, at: arrival.at + between(0, 10 * MINUTE) }] : [arrival];
}
