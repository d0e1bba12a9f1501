import { afterEach, expect, it } from 'vitest';
import { createPairs, LINE } from './harness.ts';

const { start, stopAll } = createPairs();
afterEach(stopAll);

/** Plays the same requests against a simulator of this seed; resolves to all that came of them but times and ports. */
async function play(seed: number) {
  const behaviour = { lossRate: 0.3, duplicateRate: 0.3, shuffleMs: 20, shiftPages: 2 };
  const { simulator, control, call, share } = await start({ seed, behaviour });
  const { targetUrl: _port, ...own } = (
    await control('POST', 'subscriptions', { targetUrl: 'http://127.0.0.1:9/' })
  ).body;
  await control('PUT', 'behaviour', { shuffleMs: 0 });
  const chats: string[] = [];
  const heard: unknown[] = [own.id, own.signing_secret];
  for (let n = 0; n < 12; n++) {
    const { body: chat } = await control('POST', 'chats', { line: LINE });
    chats.push(chat.id);
    const { body: message } = await control('POST', `chats/${chat.id}/send`, { text: 'Hello' });
    heard.push(chat.id, chat.handles, message.id);
    const response = await share(chat.id);
    heard.push(response.status, response.headers.get('x-trace-id'));
    const listed = (await (await call('GET', 'chats?limit=3')).json()) as { chats: { id: string }[] };
    heard.push(listed.chats.map(({ id }) => id));
  }
  const lines = (await (await call('GET', 'phone_numbers')).json()) as { phone_numbers: { id: string }[] };
  const deliveries = simulator.deliveries.map(({ eventId, eventType, chatId, subscriptionId, state }) => {
    return { eventId, eventType, chatId, subscriptionId, isLost: state === 'lost' };
  });
  return JSON.stringify([heard, lines.phone_numbers[0]?.id, deliveries], (key, value: unknown) =>
    /_at$/.test(key) ? undefined : value,
  );
}

it('repeats a run of the same seed and requests: ids, secrets, losses, repeats and the order of pages', async () => {
  const [first, second, other] = [await play(4_294_967_295), await play(4_294_967_295), await play(1)];
  expect(JSON.parse(second)).toEqual(JSON.parse(first));
  expect(other).not.toBe(first);
});
