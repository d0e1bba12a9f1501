import { afterEach, beforeEach, expect, it } from 'vitest';
import { MINUTE } from '../../../src/decide/time.ts';
import { createPairs, LINE } from './harness.ts';

const { start, stopAll } = createPairs();
afterEach(stopAll);

let linq: Awaited<ReturnType<typeof start>>;
beforeEach(async () => {
  linq = await start();
});

const CARD = `lines/${encodeURIComponent(LINE)}/card`;
interface Answer {
  readonly is_active?: boolean;
  readonly error?: { readonly code: number; readonly retry_after?: number };
}
async function write(method: 'POST' | 'PATCH', line = LINE) {
  const response = await (method === 'POST'
    ? linq.call('POST', 'contact_card', { phone_number: line, first_name: 'Ann' })
    : linq.call('PATCH', `contact_card?phone_number=${encodeURIComponent(line)}`, { last_name: 'Lee' }));
  const { error } = (await response.json()) as Answer;
  return {
    status: response.status,
    code: error?.code,
    retryAfter: response.headers.get('retry-after'),
    error,
  };
}
const isActive = async () => {
  const answer = await linq.call('GET', `contact_card?phone_number=${encodeURIComponent(LINE)}`);
  const { contact_cards: cards } = (await answer.json()) as { contact_cards: Answer[] };
  return cards[0]?.is_active ?? null;
};

it('lets in three writes in ten minutes and number, then says when to come again', async () => {
  linq.simulator.addLine('+12025550101');
  linq.simulator.setCard(LINE, 'none');
  expect((await write('POST')).status).toBe(200);
  expect(await write('POST')).toMatchObject({ status: 409, code: 2014 });
  linq.clock.move(4 * MINUTE);
  expect((await write('PATCH')).status).toBe(200);
  const { retryAfter, error, ...refused } = await write('PATCH');
  expect(refused).toEqual({ status: 429, code: 1007 });
  expect(Number(retryAfter)).toBeGreaterThan(350);
  expect(Number(retryAfter)).toBeLessThanOrEqual(360);
  expect(error?.retry_after).toBe(Number(retryAfter));
  expect((await write('PATCH', '+12025550101')).status).toBe(200);
  linq.clock.move(6 * MINUTE);
  expect((await write('PATCH')).status).toBe(200);
  linq.simulator.behave({ cardWrites: 1_000 });
  for (let n = 0; n < 10; n++) expect((await write('PATCH')).status).toBe(200);
});

it('answers 503/4004 while what it writes to is limited: a repeat extends it, a PATCH leaves the card inactive', async () => {
  expect((await linq.control('PUT', CARD, { upstreamLimitMs: 5 * MINUTE })).status).toBe(204);
  linq.simulator.behave({ cardWrites: 1_000 });
  expect(await isActive()).toBe(true);
  for (let n = 0; n < 4; n++) {
    linq.clock.move(4 * MINUTE);
    expect(await write('PATCH')).toMatchObject({ status: 503, code: 4004, retryAfter: null });
    expect(await isActive()).toBe(false);
  }
  linq.clock.move(5 * MINUTE);
  expect((await write('PATCH')).status).toBe(200);
  expect(await isActive()).toBe(true);
});

it('creates no card with a POST while it is limited, nor with one that fails with 2022', async () => {
  linq.simulator.setCard(LINE, 'none', { upstreamLimitMs: MINUTE });
  expect(await write('POST')).toMatchObject({ status: 503, code: 4004 });
  expect(await isActive()).toBeNull();
  linq.clock.move(MINUTE);
  await linq.control('POST', 'faults', { route: 'contact_card', method: 'POST', code: 2022, times: 1 });
  expect(await write('POST')).toMatchObject({ status: 500, code: 2022 });
  expect(await isActive()).toBeNull();
  expect((await write('POST')).status).toBe(200);
});

it('tells of what the API changes, and of what the dashboard does when it is told to', async () => {
  const told = async () => {
    await linq.simulator.settled();
    return linq.receiver.received.splice(0).map(({ event }) => [event.event_type, event.data]);
  };
  linq.simulator.setCard(LINE, 'none');
  expect(await told()).toEqual([]);
  await write('POST');
  expect(await told()).toMatchObject([
    ['contact_card.created', { phone_number: LINE, origin: 'api', actor: { type: 'api' } }],
  ]);
  await write('PATCH');
  expect(await told()).toMatchObject([['contact_card.updated', { phone_number: LINE, origin: 'api' }]]);
  await linq.control('PUT', CARD, { card: 'inactive', announce: true });
  expect(await told()).toMatchObject([
    ['contact_card.updated', { phone_number: LINE, origin: 'dashboard', is_active: false }],
  ]);
  await linq.control('PUT', CARD, { card: 'none', announce: true });
  expect(await told()).toMatchObject([['contact_card.deleted', { phone_number: LINE }]]);
  await linq.control('PUT', CARD, { card: 'none', announce: true });
  expect(await told()).toEqual([]);
});

it('refuses a change of nothing', async () => {
  const { status, body } = await linq.control('PUT', CARD, {});
  expect([status, body.error]).toEqual([400, 'card: missing; what is to change?']);
});
