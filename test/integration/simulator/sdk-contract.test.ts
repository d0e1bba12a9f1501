import LinqAPIV3, { APIConnectionError, APIError } from '@linqapp/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, LINE, startSimulator } from './harness.ts';

const createSdk = (baseURL: string, apiKey = API_KEY) => new LinqAPIV3({ baseURL, apiKey, maxRetries: 0 });

let linq: Awaited<ReturnType<typeof startSimulator>>;
let sdk: LinqAPIV3;
beforeEach(async () => {
  linq = await startSimulator();
  sdk = createSdk(linq.simulator.baseUrl);
});
afterEach(() => linq.simulator.stop());

function greetedChat(): string {
  const { chatId } = linq.simulator.createChat({ line: LINE });
  linq.simulator.sendMessage(chatId);
  return chatId;
}

/** What the SDK throws, or null. */
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => null,
    (error: unknown) => error,
  );

describe('the official SDK', () => {
  it('shares a contact card: 204, recorded, one prompt', async () => {
    const chatId = greetedChat();
    const { response } = await sdk.chats.shareContactCard(chatId).withResponse();
    expect(response.status).toBe(204);
    expect(response.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(Math.abs(Date.parse(response.headers.get('date') ?? '') - Date.now())).toBeLessThan(5_000);
    expect(linq.simulator.callsOf(chatId)).toMatchObject([
      { chatId, line: LINE, status: 204, code: null, effect: 'prompt' },
    ]);
    expect(linq.simulator.prompts(chatId)).toHaveLength(1);
  });

  it('reads, creates and updates contact cards', async () => {
    expect(await sdk.contactCard.retrieve({ phone_number: LINE })).toEqual({
      contact_cards: [expect.objectContaining({ phone_number: LINE, is_active: true })],
    });
    linq.simulator.addLine('+12025550101', { card: 'none' });
    expect(await sdk.contactCard.retrieve({ phone_number: '+12025550101' })).toEqual({ contact_cards: [] });
    const created = await sdk.contactCard.create({ phone_number: '+12025550101', first_name: 'Ann' });
    expect(created).toEqual({ phone_number: '+12025550101', first_name: 'Ann', is_active: true });
    const updated = await sdk.contactCard.update({ phone_number: '+12025550101', last_name: 'Lee' });
    expect(updated).toEqual({ ...created, last_name: 'Lee' });
    expect((await sdk.contactCard.retrieve()).contact_cards).toHaveLength(2);
  });

  it('lists lines with their reputation', async () => {
    linq.simulator.flagLine(LINE, 'FLAGGED', 'AT_RISK');
    const { phone_numbers: lines } = await sdk.phoneNumbers.list();
    expect(lines).toMatchObject([{ phone_number: LINE, reputation: { status: 'AT_RISK' } }]);
  });

  it('pages through all chats, and filters by line and person', async () => {
    linq.simulator.addLine('+12025550101');
    const ids = Array.from({ length: 45 }, () => linq.simulator.createChat({ line: LINE }).chatId);
    const other = linq.simulator.createChat({ line: '+12025550101', handle: '+12025550142' }).chatId;
    const seen: string[] = [];
    for await (const chat of sdk.chats.listChats({ limit: 20 })) seen.push(chat.id);
    expect(seen).toEqual([...ids, other]);
    const idsOf = async (query: { from?: string; to?: string }) =>
      (await sdk.chats.listChats(query)).chats.map(({ id }) => id);
    expect(await idsOf({ from: '+12025550101' })).toEqual([other]);
    expect(await idsOf({ to: '+12025550142' })).toEqual([other]);
    const first = await sdk.chats.listChats({ from: LINE });
    expect([first.chats.length, first.next_cursor]).toEqual([20, '20']);
  });

  it('retrieves a chat and pages through its messages', async () => {
    const chatId = greetedChat();
    linq.simulator.receiveMessage(chatId, 'Hi');
    linq.simulator.failMessage(chatId);
    expect(await sdk.chats.retrieve(chatId)).toMatchObject({
      id: chatId,
      service: 'iMessage',
      is_group: false,
    });
    const statuses: unknown[] = [];
    for await (const message of sdk.chats.messages.list(chatId, { limit: 2 }))
      statuses.push([message.is_from_me, message.delivery_status, message.sent_at !== null]);
    expect(statuses).toEqual([
      [true, 'failed', false],
      [false, 'received', true],
      [true, 'sent', true],
    ]);
  });

  it('creates, lists, reads, updates and deletes webhook subscriptions', async () => {
    const target_url = 'https://reactor.example.com/webhooks/linq?version=2026-02-03';
    const created = await sdk.webhookSubscriptions.create({
      target_url,
      subscribed_events: ['message.sent'],
    });
    const { signing_secret: secret, ...shown } = created;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await sdk.webhookSubscriptions.list()).subscriptions).toEqual([shown]);
    expect(await sdk.webhookSubscriptions.retrieve(created.id)).toEqual(shown);
    const updated = await sdk.webhookSubscriptions.update(created.id, { is_active: false });
    expect(updated).toMatchObject({ ...shown, is_active: false, updated_at: expect.any(String) });
    await sdk.webhookSubscriptions.delete(created.id);
    expect((await sdk.webhookSubscriptions.list()).subscriptions).toEqual([]);
  });

  it('is told which event types exist, all of which can be subscribed to', async () => {
    const subscribe = (events: readonly string[], n: number) =>
      linq.call('POST', 'webhook-subscriptions', {
        target_url: `https://a.example.com/${n}`,
        subscribed_events: events,
      });
    for (const [n, eventTypes] of ([27, 45, 75] as const).entries()) {
      linq.simulator.behave({ eventTypes });
      const { events } = await sdk.webhookEvents.list();
      expect(new Set(events).size).toBe(eventTypes);
      expect((await subscribe(events, n)).status).toBe(201);
      expect((await subscribe([...events, 'contact_card.shared'], n + 10)).status).toBe(400);
    }
  });

  it('reads lines by the deprecated twin of their list', async () => {
    expect((await sdk.phonenumbers.list()).phone_numbers).toMatchObject([{ phone_number: LINE }]);
  });
});

describe('refusals reach the SDK as its error classes with the code readable', () => {
  const codeOf = (error: APIError) => (error.error as { error?: { code?: number } } | undefined)?.error?.code;

  it.each([
    [LinqAPIV3.BadRequestError, { code: 1005 }],
    [LinqAPIV3.AuthenticationError, { code: 2004 }],
    [LinqAPIV3.PermissionDeniedError, { code: 2024 }],
    [LinqAPIV3.PermissionDeniedError, { code: 2027 }],
    [LinqAPIV3.NotFoundError, { code: 2012 }],
    [LinqAPIV3.ConflictError, { code: 2009 }],
    [LinqAPIV3.RateLimitError, { code: 1007, retryAfter: 45 }],
    [LinqAPIV3.InternalServerError, { code: 3006 }],
  ])('%o', async (errorClass, fault) => {
    const chatId = greetedChat();
    linq.simulator.fail(fault);
    const error = await failureOf(sdk.chats.shareContactCard(chatId));
    expect(error).toBeInstanceOf(errorClass);
    if (!(error instanceof APIError)) throw error;
    expect(codeOf(error)).toBe(fault.code);
    expect(error.headers.get('x-trace-id')).toBe((error.error as { trace_id: string }).trace_id);
    expect(linq.simulator.callsOf(chatId)).toMatchObject([{ status: error.status, code: fault.code }]);
  });

  it('says how long to wait with a 429, in header and body', async () => {
    linq.simulator.fail({ status: 429, retryAfter: 45 });
    const error = await failureOf(sdk.chats.shareContactCard(greetedChat()));
    if (!(error instanceof APIError)) throw error;
    expect(error.headers.get('retry-after')).toBe('45');
    expect(error.error).toMatchObject({ error: { code: 1007, retry_after: 45 } });
  });

  it.each([
    ['a wrong key', () => createSdk(linq.simulator.baseUrl, 'wrong').phoneNumbers.list(), 2004],
    ['an unknown chat', () => sdk.chats.shareContactCard('6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64'), 2001],
    ['an unknown subscription', () => sdk.webhookSubscriptions.retrieve('nope'), 2010],
    ['an impossible limit', () => sdk.chats.listChats({ limit: 101 }), 1005],
    ['a second card', () => sdk.contactCard.create({ phone_number: LINE, first_name: 'Ann' }), 2014],
    ['a number that is not ours', () => sdk.contactCard.retrieve({ phone_number: '+12025550177' }), 2005],
    ['a target over http', () => subscribe('http://reactor.example.com/'), 1005],
    [
      'a target that is taken',
      () => subscribe('https://a.example.com/').then(() => subscribe('https://a.example.com/')),
      2015,
    ],
  ])('%s', async (_what, call, code) => {
    const error = await failureOf(call());
    if (!(error instanceof APIError)) throw error;
    expect(codeOf(error)).toBe(code);
  });

  const subscribe = (target_url: string) =>
    sdk.webhookSubscriptions.create({ target_url, subscribed_events: ['message.sent'] });

  it('an HTML page of a gateway is an error without a code', async () => {
    linq.simulator.fail({ html: true });
    const error = await failureOf(sdk.chats.shareContactCard(greetedChat()));
    expect(error).toBeInstanceOf(LinqAPIV3.InternalServerError);
    expect(error instanceof APIError && codeOf(error)).toBeUndefined();
  });

  it('a reset connection is a connection error', async () => {
    linq.simulator.fail({ drop: 'after' });
    const error = await failureOf(sdk.chats.shareContactCard(greetedChat()));
    expect(error).toBeInstanceOf(APIConnectionError);
  });
});
