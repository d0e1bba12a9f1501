import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINE, startSimulator } from './harness.ts';

let linq: Awaited<ReturnType<typeof startSimulator>>;
let chatId: string;
beforeEach(async () => {
  linq = await startSimulator();
  chatId = linq.simulator.createChat({ line: LINE }).chatId;
  linq.simulator.sendMessage(chatId);
});
afterEach(() => linq.simulator.stop());

/** The status of a share call, or null when the connection broke. */
const shareStatus = (): Promise<number | null> =>
  linq.share(chatId).then(
    ({ status }) => status,
    () => null,
  );

describe('a fault', () => {
  it('answers in place of Linq, and nobody sees a prompt', async () => {
    linq.simulator.fail({ status: 503, retryAfter: 7, times: 1 });
    const response = await linq.share(chatId);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
    expect(await response.json()).toMatchObject({ success: false, error: { status: 503, code: 4004 } });
    expect(linq.simulator.calls).toMatchObject([{ status: 503, code: 4004, effect: 'refused' }]);
    expect(await shareStatus()).toBe(204);
  });

  it('passes on a Retry-After that makes no sense', async () => {
    linq.simulator.fail({ status: 429, retryAfter: 'soon' });
    expect((await linq.share(chatId)).headers.get('retry-after')).toBe('soon');
  });

  it('with a 2xx status changes the status alone', async () => {
    linq.simulator.fail({ status: 200 });
    expect(await shareStatus()).toBe(200);
    expect(linq.simulator.prompts(chatId)).toHaveLength(1);
  });

  it('drops the connection before Linq hears of the call', async () => {
    linq.simulator.fail({ drop: 'before' });
    expect(await shareStatus()).toBeNull();
    expect(linq.simulator.calls).toEqual([]);
  });

  it('drops the connection after the card was shared', async () => {
    linq.simulator.fail({ drop: 'after' });
    expect(await shareStatus()).toBeNull();
    expect(linq.simulator.calls).toMatchObject([
      { status: null, answeredMonotonicMs: null, effect: 'prompt' },
    ]);
  });

  it('hangs: the card is shared, no answer comes', async () => {
    linq.simulator.fail({ hang: true });
    const outcome = shareStatus();
    await linq.simulator.when(() => linq.simulator.calls.length === 1);
    await linq.simulator.stop();
    expect(await outcome).toBeNull();
    expect(linq.simulator.calls).toMatchObject([{ status: null, effect: 'prompt' }]);
  });

  it('answers late, though the call is recorded when it arrives', async () => {
    linq.simulator.fail({ latencyMs: 50 });
    const outcome = shareStatus();
    await linq.simulator.when(() => linq.simulator.calls.length === 1);
    expect(linq.simulator.calls[0]?.status).toBeNull();
    expect(await outcome).toBe(204);
    const [call] = linq.simulator.calls;
    const took = (call?.answeredMonotonicMs ?? 0) - (call?.arrivedMonotonicMs ?? 0);
    expect(took).toBeGreaterThanOrEqual(50);
  });

  it('skews the Date header by what it is told', async () => {
    linq.simulator.fail({ route: '*', dateSkewMs: -120_000 });
    const response = await linq.call('GET', 'contact_card');
    const skew = Date.parse(response.headers.get('date') ?? '') - Date.now();
    expect(Math.abs(skew + 120_000)).toBeLessThan(5_000);
  });

  it('answers JSON or text without an envelope, as a gateway does, with any status', async () => {
    linq.simulator.fail({ status: 403, json: { message: 'blocked' }, times: 1 });
    linq.simulator.fail({
      status: 503,
      body: 'busy',
      retryAfter: 9,
      headers: { 'content-type': 'text/plain' },
    });
    const blocked = await linq.share(chatId);
    expect([blocked.status, blocked.headers.get('content-type')]).toEqual([403, 'application/json']);
    expect(await blocked.json()).toEqual({ message: 'blocked' });
    const busy = await linq.share(chatId);
    expect([busy.status, busy.headers.get('content-type'), busy.headers.get('retry-after')]).toEqual([
      503,
      'text/plain',
      '9',
    ]);
    expect(await busy.text()).toBe('busy');
    expect(linq.simulator.callsOf(chatId)).toMatchObject([
      { status: 403, code: null, effect: 'refused' },
      { status: 503, code: null, effect: 'refused' },
    ]);
  });

  it('puts a body of its own in place of what Linq says of a call that it performed', async () => {
    linq.simulator.fail({ route: 'chats', json: { chats: null } });
    linq.simulator.fail({ json: null });
    const listed = await linq.call('GET', 'chats');
    expect([listed.status, await listed.json()]).toEqual([200, { chats: null }]);
    const shared = await linq.share(chatId);
    expect([shared.status, await shared.text()]).toEqual([200, 'null']);
    expect(linq.simulator.prompts(chatId)).toHaveLength(1);
  });

  it.each(['gzip', 'deflate', 'br'] as const)(
    'compresses an answer with %s, whatever was asked for',
    async (encoding) => {
      linq.simulator.fail({ route: '*', encoding, byteOrderMark: true });
      const headers = { 'accept-encoding': 'identity' };
      const response = await linq.call('GET', `chats/${chatId}`, undefined, headers);
      expect(response.headers.get('content-encoding')).toBe(encoding);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
      expect(JSON.parse(bytes.toString('utf8', 3))).toMatchObject({ id: chatId });
      const shared = await linq.share(chatId);
      expect([shared.status, shared.headers.get('content-encoding')]).toEqual([204, null]);
    },
  );

  it('answers as a cache does: with an old Date and its Age', async () => {
    linq.simulator.fail({ route: '*', dateSkewMs: -600_000, headers: { Age: '600' } });
    linq.simulator.fail({ route: 'chats', headers: { date: 'Tue, 03 Nov 2026 16:20:04 GMT' } });
    const card = await linq.call('GET', 'contact_card');
    const ageMs = Date.now() - Date.parse(card.headers.get('date') ?? '');
    expect(card.headers.get('age')).toBe('600');
    expect(Math.abs(ageMs - 600_000)).toBeLessThan(5_000);
    expect((await linq.call('GET', 'chats')).headers.get('date')).toBe('Tue, 03 Nov 2026 16:20:04 GMT');
  });

  it('breaks the connection half-way through an answer', async () => {
    linq.simulator.fail({ route: '*', drop: 'during' });
    const response = await linq.call('GET', 'chats');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    linq.simulator.clearFaults();
    linq.simulator.fail({ status: 500, drop: 'during' });
    await linq.share(chatId).then((answer) => answer.text().catch(() => null));
    expect(linq.simulator.callsOf(chatId)).toMatchObject([{ status: null, effect: 'refused' }]);
  });

  it('can hit the cards of one line', async () => {
    linq.simulator.addLine('+12025550101');
    linq.simulator.fail({ route: 'contact_card', line: LINE, code: 3006 });
    const statusOf = async (line: string) =>
      (await linq.call('GET', `contact_card?phone_number=${encodeURIComponent(line)}`)).status;
    expect([await statusOf(LINE), await statusOf('+12025550101')]).toEqual([500, 200]);
  });
});

describe('the API', () => {
  it('answers a path it does not have as a gateway does: 404 without an envelope', async () => {
    const response = await linq.call('GET', 'nothing');
    expect(response.status).toBe(404);
    expect(response.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(await response.text()).toBe('404 page not found');
  });

  it('refuses a body that is not JSON with 1003', async () => {
    const response = await fetch(`${linq.simulator.baseUrl}/v3/webhook-subscriptions`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-api-key' },
      body: '{',
    });
    expect(await response.json()).toMatchObject({ error: { status: 400, code: 1003 } });
  });

  it('says of a line without a card what it is told to say', async () => {
    linq.simulator.setCard(LINE, 'none');
    const path = `contact_card?phone_number=${encodeURIComponent(LINE)}`;
    expect(await (await linq.call('GET', path)).json()).toEqual({ contact_cards: [] });
    linq.simulator.behave({ missingCard: 'not_found' });
    expect(await (await linq.call('GET', path)).json()).toMatchObject({ error: { code: 2012 } });
  });

  it('counts the 24 hours of suppression in domain time', async () => {
    for (const ms of [0, 23 * 3_600_000, 3_600_000]) {
      linq.clock.move(ms);
      await linq.share(chatId);
    }
    expect(linq.simulator.sharesOf(chatId).map(({ effect }) => effect)).toEqual([
      'prompt',
      'suppressed',
      'prompt',
    ]);
  });

  it('takes the same port and world again after a stop', async () => {
    const { baseUrl } = linq.simulator;
    await linq.simulator.stop();
    expect(await shareStatus()).toBeNull();
    expect(await linq.simulator.start()).toBe(baseUrl);
    expect(await shareStatus()).toBe(204);
  });
});
