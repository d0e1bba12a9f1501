import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { LINE, startReceiver, startSimulator } from './harness.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface ChatsPage {
  readonly chats: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

/** A simulator with five chats that answers pages of two. */
async function startLists(options: Partial<SimulatorOptions> = {}) {
  const linq = await startSimulator({ seed: 1, ...options });
  stops.push(linq.simulator.stop);
  const ids = ['a', 'b', 'c', 'd', 'e'].map((chatId) => {
    linq.clock.move(1_000); // a second later each
    return linq.simulator.createChat({ line: LINE, chatId }).chatId;
  });
  const page = async (cursor: string | null = null) => {
    const query = `limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
    const body = (await (await linq.call('GET', `chats?${query}`)).json()) as ChatsPage;
    return { ids: body.chats.map(({ id }) => id), next: body.next_cursor };
  };
  const all = async () => {
    const seen: string[] = [];
    for (let next: string | null = '0'; next !== null; ) {
      const read = await page(next);
      seen.push(...read.ids);
      next = read.next;
    }
    return seen;
  };
  return { ...linq, ids, page, all };
}

describe('the list of chats', () => {
  it('is in the order of their creation', async () => {
    const { all, ids } = await startLists();
    expect(await all()).toEqual(ids);
  });

  it('shifts when the latest changed come first and something happens between two pages', async () => {
    const { all, page, simulator, clock } = await startLists({ behaviour: { chatOrder: 'updated' } });
    expect(await all()).toEqual(['e', 'd', 'c', 'b', 'a']);
    const first = await page();
    clock.move(1_000);
    simulator.sendMessage('a');
    expect([first.ids, (await page(first.next)).ids]).toEqual([
      ['e', 'd'],
      ['d', 'c'],
    ]);
    expect((await page()).ids).toEqual(['a', 'e']);
  });

  it('has no meaningful order, but a stable one, when it is told to be random', async () => {
    const { all, ids } = await startLists({ behaviour: { chatOrder: 'random' } });
    const seen = await all();
    expect(seen).not.toEqual(ids);
    expect(seen.toSorted()).toEqual(ids);
    expect(await all()).toEqual(seen);
  });

  it('shifts on its own when it is told to', async () => {
    const { control, page, all, ids } = await startLists();
    expect((await control('PUT', 'behaviour', { shiftPages: 1 })).body).toMatchObject({ shiftPages: 1 });
    const orders = new Set<string>();
    for (let n = 0; n < 20; n++) orders.add((await page()).ids.join());
    expect(orders.size).toBeGreaterThan(2);
    await control('PUT', 'behaviour', { shiftPages: 0 });
    expect((await all()).toSorted()).toEqual(ids);
  });
});

describe('a list that never says that it ends', () => {
  const walk = async (linq: Awaited<ReturnType<typeof startLists>>, path: string, pages: number) => {
    const cursors = new Set<string>();
    const sizes: number[] = [];
    for (let next: string | null = '0'; next !== null && sizes.length < pages; ) {
      const answer = await linq.call('GET', `${path}?limit=2&cursor=${next}`);
      const body = (await answer.json()) as { next_cursor: string | null } & Record<string, unknown[]>;
      sizes.push((body.chats ?? body.messages ?? []).length);
      next = body.next_cursor;
      if (next !== null) cursors.add(next);
    }
    return { cursors: cursors.size, sizes };
  };

  it.each(['chats', 'chats/a/messages'])('goes on with empty pages, or all over again: %s', async (path) => {
    const linq = await startLists();
    for (let n = 0; n < 5; n++) linq.simulator.sendMessage('a');
    expect(await walk(linq, path, 20)).toEqual({ cursors: 2, sizes: [2, 2, 1] });
    linq.simulator.behave({ listEnd: 'empty' });
    expect(await walk(linq, path, 6)).toEqual({ cursors: 6, sizes: [2, 2, 1, 0, 0, 0] });
    linq.simulator.behave({ listEnd: 'repeat' });
    expect(await walk(linq, path, 20)).toMatchObject({ cursors: 20, sizes: expect.not.arrayContaining([0]) });
  });
});

it('writes empty lists as null when it is told to, everywhere', async () => {
  const linq = await startSimulator({ lines: [], behaviour: { emptyLists: 'null' } });
  stops.push(linq.simulator.stop);
  const listed = async (path: string) => (await linq.call('GET', path)).json();
  expect(await listed('chats')).toEqual({ chats: null, next_cursor: null });
  expect(await listed('phone_numbers')).toEqual({ phone_numbers: null });
  expect(await listed('contact_card')).toEqual({ contact_cards: null });
  expect(await listed('webhook-subscriptions')).toEqual({ subscriptions: null });
  linq.simulator.addLine(LINE);
  linq.simulator.createChat({ line: LINE, chatId: 'a' });
  expect(await listed('chats/a/messages')).toEqual({ messages: null, next_cursor: null });
  linq.simulator.sendMessage('a', { parts: [] });
  expect(await listed('chats/a/messages')).toMatchObject({ messages: [{ parts: null }] });
});

it.each([
  ['lowercase', { health_status: { status: 'at_risk' } }],
  ['string', { health_status: 'AT_RISK' }],
  ['score', { health_score: { reason: 'AT_RISK' } }],
  ['absent', {}],
] as const)('writes a health in the shape "%s", in answers and webhooks', async (healthShape, shape) => {
  const linq = await startLists({ behaviour: { healthShape } });
  const receiver = await startReceiver(204);
  stops.push(receiver.stop);
  linq.simulator.subscribe({ targetUrl: receiver.url });
  linq.simulator.updateChat('a', { health: 'AT_RISK' });
  linq.simulator.sendMessage('a');
  await linq.simulator.settled();
  const event = receiver.received[0]?.event.data as { chat: object };
  for (const told of [await (await linq.call('GET', 'chats/a')).json(), event.chat]) {
    expect(told).toMatchObject(shape);
    const fields = Object.keys(told as object).filter((name) => name.startsWith('health'));
    expect(fields).toEqual(Object.keys(shape));
  }
});

it('knows messages whose webhooks it never sent', async () => {
  const linq = await startLists();
  const receiver = await startReceiver(204);
  stops.push(receiver.stop);
  linq.simulator.subscribe({ targetUrl: receiver.url });
  await linq.control('PUT', 'behaviour', { lossRate: 1 });
  await linq.control('POST', 'chats/a/send', { text: 'Hello' });
  expect(linq.simulator.deliveries).toMatchObject([
    { eventType: 'message.sent', chatId: 'a', state: 'lost' },
  ]);
  const answer = await linq.call('GET', 'chats/a/messages');
  expect(await answer.json()).toMatchObject({ messages: [{ is_from_me: true, delivery_status: 'sent' }] });
  await linq.control('PUT', 'behaviour', { lossRate: 0 });
  await linq.control('POST', 'chats/b/send', { text: 'Hello' });
  await linq.simulator.settled();
  expect(receiver.types()).toEqual(['message.sent']);
});
