import { expect, it } from 'vitest';
import { createDeliveryLog, type SeenDelivery } from '../../../src/webhook/report.ts';

const seen = (at: number): SeenDelivery => ({
  at,
  eventType: 'message.sent',
  chatId: 'c',
  verdict: 'accepted',
});
const timesAfter = (count: number, capacity?: number) => {
  const log = createDeliveryLog(capacity);
  for (let at = 1; at <= count; at++) log.push(seen(at));
  return log.newest().map(({ at }) => at);
};

it('keeps the last deliveries, newest first', () => {
  expect(timesAfter(0, 3)).toEqual([]);
  expect(timesAfter(2, 3)).toEqual([2, 1]);
  expect(timesAfter(3, 3)).toEqual([3, 2, 1]);
  expect(timesAfter(4, 3)).toEqual([4, 3, 2]);
  expect(timesAfter(8, 3)).toEqual([8, 7, 6]);
});

it('keeps 200 of them unless told otherwise', () => {
  expect(timesAfter(1000)).toEqual(Array.from({ length: 200 }, (_, i) => 1000 - i));
});
