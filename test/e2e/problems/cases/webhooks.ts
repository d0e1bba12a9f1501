import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { HOUR } from '../../../../src/decide/time.ts';
import { deliver, message2026, OTHER_SECRET, SECRET } from '../../../helpers/deliver.ts';
import { API_KEY } from '../../../helpers/process.ts';
import type { ProblemCases } from '../problem-case.ts';
import { isOpen, sendByDoctor } from '../seen.ts';
import type { World } from '../world.ts';

/** Somebody who doesn't know the secret. */
async function forge({ url, clock }: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const event = message2026({ chatId: randomUUID(), sentAt: clock.now() });
    const answer = await deliver(url(), event, { secret: OTHER_SECRET, at: clock.systemNow() });
    expect(answer.status).toBe(401);
  }
}

/** Linq tells of a message, and it is taken in. */
async function hear(world: World): Promise<void> {
  await world.write();
  expect(world.simulator.deliveries.at(-1)?.attempts.at(-1)?.status).toBe(204);
}

/** Changes the account's subscriptions, as somebody may in the dashboard. */
async function changeSubscriptions({ simulator }: World, method: 'PUT' | 'DELETE', change: object) {
  const headers = { authorization: `Bearer ${API_KEY}` };
  const url = `${simulator.baseUrl}/v3/webhook-subscriptions`;
  const listed = (await (await fetch(url, { headers })).json()) as { subscriptions: { id: string }[] };
  for (const { id } of listed.subscriptions)
    await fetch(`${url}/${id}`, { method, headers, body: JSON.stringify(change) });
}

const setUp = (world: World, ...flags: string[]) => world.verb('setup', '--yes', '--no-check', ...flags);

/** Those of what Linq's webhooks bring. */
export const WEBHOOK_CASES = {
  webhooks_silent: {
    severity: 'warning',
    settings: { WEBHOOKS_SILENT_AFTER: '2h' },
    async provoke({ clock }) {
      clock.leap(2 * HOUR);
    },
    ways: {
      async '`doctor` was run, with the next delivery of Linq'(world) {
        await sendByDoctor(world);
        await hear(world);
      },
      'WEBHOOKS_SILENT_AFTER is raised': (world) => world.restart({ WEBHOOKS_SILENT_AFTER: '4h' }),
    },
  },
  signature_failures: {
    severity: 'error', // as nothing was accepted since the start
    provoke: (world) => forge(world, 1),
    ways: {
      'the next authentic delivery': hear,
      async 'many failures and the next authentic delivery'(world) {
        await forge(world, 40);
        await hear(world);
      },
      async 'many failures and a delivery of `doctor`'(world) {
        await forge(world, 40);
        await sendByDoctor(world);
        await world.until(async () => !(await isOpen(world, 'signature_failures')));
        await hear(world); // until then doctor has its own doubts about the secret
      },
      async 'a wrong secret, `setup --recreate` and a restart'(world) {
        await world.restart({ LINQ_WEBHOOK_SECRET: OTHER_SECRET, SECRET });
        for (let n = 0; n < 3; n++) await world.write(); // refused, as they are Linq's
        await setUp(world, '--recreate');
        await world.restart();
        await hear(world);
      },
    },
  },
  subscription_missing: {
    severity: 'error',
    async provoke(world) {
      await changeSubscriptions(world, 'DELETE', {});
      await world.restart();
    },
    ways: {
      async '`setup` created it and the service is restarted'(world) {
        await setUp(world);
        await world.restart();
        await hear(world);
      },
      async 'PUBLIC_URL is put right'(world) {
        const publicUrl = 'http://127.0.0.1:9';
        world.simulator.subscribe({ targetUrl: `${publicUrl}/webhooks/linq`, signingSecret: SECRET });
        await world.restart({ PUBLIC_URL: publicUrl });
      },
    },
  },
  subscription_inactive: {
    severity: 'error',
    async provoke(world) {
      await changeSubscriptions(world, 'PUT', { is_active: false });
      await world.restart();
    },
    ways: {
      async '`doctor` was run and `setup` switched it on, at once by `catch-up`'(world) {
        await sendByDoctor(world);
        await setUp(world);
        await world.verb('catch-up');
        await hear(world);
      },
      async '`setup` switched it on, within an hour'(world) {
        await setUp(world);
        world.clock.leap(HOUR);
        await hear(world);
      },
    },
  },
} satisfies ProblemCases;
