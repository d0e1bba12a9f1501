import { expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2025, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { scrape } from '../helpers/metrics.ts';
import { knowChat } from '../helpers/rig.ts';
import { startServiceRig } from '../helpers/service.ts';
import { readChat, readOverview, until } from '../helpers/status.ts';

const METRICS_TOKEN = 'a-metrics-token-for-tests';
const CANARY = 'canary-4711';
const [LINE] = LINES;

type Tree = Record<string, unknown>;

/** What is merged into `data`, or into the envelope. */
function changed(event: Tree, data: Tree, envelope: Tree = {}): Tree {
  return { ...event, ...envelope, data: { ...(event.data as Tree), ...data } };
}

it('what isn’t needed and can’t be read says nothing: the rest of a delivery counts, and the field is counted', async () => {
  const { service, directory } = await startServiceRig({
    METRICS_TOKEN,
    LOG_LEVEL: 'debug',
    DRY_RUN: 'true',
  });
  const at = Date.now() - 60_000;
  const message = (chatId: string) => message2026({ chatId, line: LINE, sentAt: at, createdAt: at + 500 });
  const chat = (chatId: string, health: unknown) => ({ id: chatId, is_group: false, health_status: health });
  const sent: Readonly<Record<string, Tree>> = {
    'health-text': changed(message('health-text'), { chat: chat('health-text', CANARY) }),
    'health-number': changed(message('health-number'), { chat: chat('health-number', 4711) }),
    'created-number': changed(message('created-number'), {}, { created_at: at }),
    'odd-part': changed(message('odd-part'), {
      parts: [{ type: 'text', value: 'Hi' }, CANARY, { kind: CANARY }],
    }),
    'no-parts': changed(message('no-parts'), { parts: undefined }),
    'null-parts': changed(message('null-parts'), { parts: null }),
    'epoch-sent': changed(message('epoch-sent'), {
      sent_at: '1970-01-01T00:00:00Z',
      delivered_at: new Date(at).toISOString(),
    }),
    'old-version': changed(message2025({ chatId: 'old-version', line: LINE, sentAt: at }), {
      chat: { id: CANARY, title: CANARY },
    }),
  };
  for (const [chatId, event] of Object.entries(sent)) {
    expect({ chatId, status: (await deliver(service.url, event)).status }).toEqual({ chatId, status: 204 });
    const firstOutboundAt = new Date(at).toISOString();
    expect(await readChat(service.url, chatId)).toMatchObject({ firstOutboundAt, health: null });
  }
  expect(dumpRows(directory).quarantine).toEqual([]);
  const { sampleOf } = await scrape(service.url, METRICS_TOKEN);
  const count = (field: string) => sampleOf('ccr_unreadable_fields_total', { field });
  expect({
    health: count('data.chat.health_status'),
    created: count('created_at'),
    part: count('data.parts[]'),
    type: count('data.parts[].type'),
  }).toEqual({ health: 2, created: 1, part: 1, type: 1 });
  expect(service.output()).toContain('"field":"data.chat.health_status"');
  expect(service.output()).not.toContain(CANARY);
});

it('our own line that left is known by its number where Linq does not say that it is us', async () => {
  const { service } = await startServiceRig({ DRY_RUN: 'true' });
  const at = Date.now() - 60_000;
  await deliver(service.url, message2026({ chatId: 'left', line: LINE, sentAt: at }));
  const removed = (handle: string) => ({
    event_type: 'participant.removed',
    created_at: new Date(at + 2000).toISOString(),
    data: { chat_id: 'left', handle, participant: { handle, is_me: null } },
  });
  await deliver(service.url, removed('+12025550142'));
  expect(await readChat(service.url, 'left')).not.toMatchObject({ state: 'retired' });
  expect((await deliver(service.url, removed(LINE))).status).toBe(204);
  expect(await readChat(service.url, 'left')).toMatchObject({ state: 'retired', reason: 'chat_left' });
});

it('a card that Linq says has changed is looked at at once', async () => {
  const { service, simulator } = await startServiceRig();
  const chatId = 'card-changed';
  simulator.setCard(LINE, 'inactive');
  knowChat(simulator, { chatId, line: LINE });
  await deliver(service.url, message2026({ chatId, line: LINE, sentAt: Date.now(), createdAt: Date.now() }));
  await until(
    () => readChat(service.url, chatId),
    ({ reason }) => reason === 'card_inactive',
  );
  simulator.setCard(LINE, 'active'); // nobody is subscribed; without the event it would show within two minutes
  const event = { event_type: 'contact_card.updated', data: { phone_number: LINE, is_active: true } };
  expect((await deliver(service.url, event)).status).toBe(204);
  await until(
    () => readChat(service.url, chatId),
    ({ state }) => state === 'waiting',
    { tries: 200 },
  );
  expect((await readOverview(service.url)).webhooks).toMatchObject({ accepted: 2, ignored: 0 });
});
