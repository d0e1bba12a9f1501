import { expect, it } from 'vitest';
import { PayloadError } from '../../../src/errors.ts';
import { message2026, OTHER_SECRET, sign } from '../../helpers/deliver.ts';
import { NOW, startRoute } from './server.ts';

const UNKNOWN = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

it.each([
  ['a message', JSON.stringify(message2026())],
  ['what is no JSON', '{"event_type":'],
])('%s that nobody we know has signed is refused before anything looks into it', async (_what, body) => {
  const parsed: Buffer[] = [];
  const route = await startRoute({
    parse(raw) {
      parsed.push(raw);
      throw new PayloadError('unreadable', null);
    },
  });
  expect((await route.post(body, sign(body, { at: NOW, secret: UNKNOWN }))).status).toBe(401);
  expect((await route.post(body, sign(body, { at: NOW - 301_000 }))).status).toBe(401);
  expect(parsed).toEqual([]);
  expect((await route.post(body, sign(body, { at: NOW, secret: OTHER_SECRET }))).status).toBe(202);
  expect(parsed).toHaveLength(1);
});

it('nobody hears 204 before the event is stored', async () => {
  let store: () => void = () => {};
  const stored = new Promise<void>((resolve) => {
    store = resolve;
  });
  let hasArrived: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    hasArrived = resolve;
  });
  const told: string[] = [];
  const route = await startRoute({
    async record() {
      hasArrived();
      await stored;
      told.push('stored');
      return 'stored';
    },
  });
  const answered = route.deliver(message2026()).then(({ status }) => told.push(String(status)));
  await arrived;
  const ignored = await route.deliver({ event_type: 'call.ended' }); // time enough for an answer to come too early
  expect(ignored.status).toBe(204);
  store();
  await answered;
  expect(told).toEqual(['stored', '204']);
});
