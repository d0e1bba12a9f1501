import { it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { type Answered, message2026, OTHER_SECRET } from '../../helpers/deliver.ts';
import { startRoute } from '../webhook/server.ts';
import { answeredBy } from './asking.ts';
import { createContract, DELIVERY } from './contract.ts';

const check = createContract((id) => id === DELIVERY);

const eventOf = () => message2026({ sentAt: Date.UTC(2026, 10, 3, 16, 20) });

async function checkEach(answers: readonly Promise<Answered>[]): Promise<void> {
  for (const { status, headers, body } of await Promise.all(answers)) {
    check(DELIVERY, answeredBy({ statusCode: status, headers, body }));
  }
}

it('Linq is answered what the document tells, to deliveries of all sorts', async () => {
  const server = await startRoute();
  const json = { 'content-type': 'application/json' };
  await checkEach([
    server.deliver(eventOf()),
    server.deliver('no JSON'),
    server.deliver({ event_type: 'message.sent', data: 1 }),
    server.deliver(eventOf(), { secret: 'whsec_d3JvbmcgYnV0IHdlbGwtZm9ybWVkIQ==' }),
    server.post('{}', json),
    server.post('{}', { 'content-type': 'text/plain' }),
    server.post('{}', { ...json, 'content-encoding': 'gzip' }),
    server.post(Buffer.alloc(1024 * 1024 + 1, 'x'), json),
  ]);
});

it('Linq is answered what the document tells, to too many, and when it can take none', async () => {
  const limited = await startRoute({ rateLimit: 1 });
  await limited.deliver(eventOf());
  const ending = await startRoute({ isDraining: () => true });
  const full = await startRoute({
    record: async () => {
      throw new StoreError('full', 'played');
    },
  });
  await checkEach([
    limited.deliver(eventOf()),
    ending.deliver(eventOf()),
    full.deliver(eventOf(), { secret: OTHER_SECRET }),
  ]);
});
