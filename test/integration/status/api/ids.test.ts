import { expect, it } from 'vitest';
import { outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus } from '../harness.ts';

it.each(['x'.repeat(128), '\u{1f4c7}'.repeat(128), 'a/b?c#d%', '...', 'status'])(
  'a chat is found by its id, whatever a delivery may tell: %s',
  async (chatId) => {
    const { get } = await startStatus({ events: [outboundOf(T, { chatId })] });
    expect(await get(`/status/chats/${encodeURIComponent(chatId)}`)).toMatchObject({
      status: 200,
      body: { chatId },
    });
  },
);

it.each([
  '/status/chats/a%E2%80%A8b',
  '/status/chats/a%20b',
  '/status/chats/%E2%80%8Ba',
  '/status/lines/%2B1202555%E2%80%AE0100/hold',
])('an id with a space, or with what does not show, is refused by name: %s', async (path) => {
  const { get, del } = await startStatus();
  const answer = path.endsWith('/hold') ? await del(path) : await get(path);
  expect(answer).toMatchObject({ status: 400, body: { code: 'BAD_PARAMETER' } });
});

it.each(['/status/chats?prefix=a%00', '/status/chats.csv?prefix=%00', '/chats?q=%00', '/chats?q=a&q=%00'])(
  'a parameter with NUL, which no database could look for, is refused: %s',
  async (path) => {
    const { get } = await startStatus();
    expect(await get(path)).toMatchObject({ status: 400 });
  },
);

it('the page refuses such an id, too', async () => {
  const { app, get } = await startStatus();
  expect((await get('/chats/a%E2%80%AEb')).status).toBe(400);
  expect((await app.inject('/chats/a%E2%80%AEb')).statusCode).toBe(401); // and tells a stranger nothing
});

it('an answer names a long id only in part', async () => {
  const { get } = await startStatus();
  const { status, body } = await get(`/status/chats/${'x'.repeat(500)}`);
  expect([status, body.code]).toEqual([404, 'CHAT_NOT_FOUND']);
  expect(body.message.length).toBeLessThanOrEqual(300);
});
