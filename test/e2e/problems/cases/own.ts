import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { sealDelivery } from '../../../../src/webhook/quarantine.ts';
import { type AlertReceiver, startAlertReceiver } from '../../../helpers/alert-receiver.ts';
import { policyOf } from '../../../helpers/builders.ts';
import { DATABASE_PATH } from '../../../helpers/database.ts';
import { deliver, message2026, SECRET } from '../../../helpers/deliver.ts';
import { startReactor } from '../../../helpers/process.ts';
import type { ProblemCases } from '../problem-case.ts';
import { isOpen } from '../seen.ts';
import { LINE, type World } from '../world.ts';

/** A version before this one couldn't read a message, and kept it; then comes the upgrade. */
async function upgradeFromOneThatCouldNotRead(world: World): Promise<void> {
  const { chatId } = world.simulator.createChat({ line: LINE, announce: false });
  const raw = Buffer.from(JSON.stringify(message2026({ chatId, line: LINE, sentAt: world.clock.now() })));
  await world.whileDown(async () => {
    const store = openSqliteStore({ path: join(world.directory, DATABASE_PATH), policy: policyOf() });
    await store.record(
      [
        {
          receivedAt: world.clock.now(),
          webhookId: 'msg_unread',
          eventType: 'message.sent',
          cause: 'data: expected something else',
          sealed: sealDelivery(raw, SECRET),
        },
      ],
      0,
    );
    await store.close();
  });
}

/** Three processes in a row are killed while Linq answers a share of the chat. */
async function killDuringAttempts(world: World): Promise<void> {
  const { simulator, directory } = world;
  const { chatId } = simulator.createChat({ line: LINE, announce: false });
  simulator.fail({ chatId, hang: true });
  await world.whileDown(async () => {
    for (let kills = 1; kills <= 3; kills++) {
      const settings = { LINQ_API_BASE_URL: simulator.baseUrl };
      const reactor = await startReactor(directory, settings);
      if (kills === 1) await deliver(reactor.url, message2026({ chatId, line: LINE, sentAt: Date.now() }));
      await simulator.when(() => simulator.calls.length === kills);
      await reactor.end('SIGKILL');
    }
  });
}

/** Just within the time that a call may take. */
const SLOWLY_MS = 9 * SECOND;

/** Linq takes its time for each call, of which there is one at a time. */
async function queueUp(world: World): Promise<void> {
  const { simulator, clock } = world;
  simulator.fail({ latencyMs: SLOWLY_MS });
  for (let n = 0; n < 90; n++) await world.write();
  for (let calls = 1; !(await isOpen(world, 'shares_overdue')); calls++) {
    expect(calls).toBeLessThan(80);
    await simulator.when(() => simulator.calls.length === calls);
    await eventLoopTurn(); // it begins to wait
    clock.leap(SLOWLY_MS);
  }
}

/** Those of what the service keeps and does itself, without those of its disk. */
export const OWN_CASES = {
  unreadable_deliveries: {
    severity: 'warning',
    provoke: upgradeFromOneThatCouldNotRead,
    ways: {
      async 'an upgrade and `quarantine replay`'(world) {
        expect((await world.verb('quarantine', 'list')).stdout).toContain('expected something else');
        await world.verb('quarantine', 'replay');
        await world.until(() => world.simulator.calls.some(({ status }) => status === 204));
      },
      async '7 days'({ clock }) {
        clock.leap(7 * DAY);
      },
    },
  },
  chats_parked: {
    severity: 'warning',
    provoke: killDuringAttempts,
    ways: {
      async 'what brought it down is mended, and `chat release` of each that `chat list` finds'(world) {
        world.simulator.clearFaults();
        const { stdout } = await world.verb('chat', 'list', '--reason', 'parked', '--json');
        const { chats } = JSON.parse(stdout) as { chats: { chatId: string }[] };
        for (const { chatId } of chats) await world.verb('chat', 'release', chatId);
        await world.until(() => world.simulator.calls.some(({ status }) => status === 204));
      },
    },
  },
  shares_overdue: {
    severity: 'error',
    settings: { SHARE_CONCURRENCY: '1', SHARE_RATE_PER_LINE: '0' },
    provoke: queueUp,
    ways: {
      async 'SHARE_CONCURRENCY is raised'(world) {
        const restarted = world.restart({ SHARE_CONCURRENCY: '32' });
        world.clock.leap(SLOWLY_MS); // a stop waits for the call that is under way
        await restarted;
        await world.until(() => world.simulator.calls.length >= 90);
        world.clock.leap(SLOWLY_MS);
      },
    },
  },
  backup_stale: {
    severity: 'warning',
    settings: { BACKUP_EVERY: '1d' },
    async provoke(world) {
      const place = join(world.directory, 'place');
      writeFileSync(place, '');
      await world.restart({ BACKUP_DIR: join(place, 'backups') });
      world.clock.leap(2 * SECOND);
    },
    ways: {
      async 'BACKUP_DIR is mended and the service is restarted'(world) {
        mendPlace(world);
        await world.restart();
        world.clock.leap(2 * SECOND);
      },
      async 'BACKUP_DIR is mended, within an hour'(world) {
        mendPlace(world);
        world.clock.leap(HOUR);
      },
    },
  },
  alerts_failing: {
    severity: 'warning',
    provoke: refuseAlerts,
    ways: {
      async 'the receiver takes them again, within 5 minutes'(world) {
        receiverOf(world).answers.length = 0;
        world.clock.leap(5 * MINUTE);
      },
      async 'ALERT_WEBHOOK_URL is corrected and the service is restarted'(world) {
        const receiver = await startAlertReceiver();
        await world.restart({ ALERT_WEBHOOK_URL: receiver.url });
        await world.until(() => receiver.taken.length > 0);
        expect(receiver.taken).toMatchObject([{ event: 'closed', code: 'webhooks_silent' }]);
      },
    },
  },
} satisfies ProblemCases;

const receivers = new WeakMap<World, AlertReceiver>();

function receiverOf(world: World): AlertReceiver {
  const receiver = receivers.get(world);
  if (receiver === undefined) throw new Error('nobody is alerted here');
  return receiver;
}

/** Whoever is alerted hears that a problem opened, and then takes nothing any more: not that it closed either. */
async function refuseAlerts(world: World): Promise<void> {
  const receiver = await startAlertReceiver();
  receivers.set(world, receiver);
  await world.restart({ ALERT_WEBHOOK_URL: receiver.url, WEBHOOKS_SILENT_AFTER: '2h' });
  world.clock.leap(2 * HOUR);
  await world.until(() => receiver.taken.length === 1);
  receiver.answers.push(...Array.from({ length: 100 }, () => 400));
  await world.write();
  await world.until(() => isOpen(world, 'alerts_failing'), 2 * SECOND);
  expect(receiver.taken).toHaveLength(1);
}

function mendPlace({ directory }: World): void {
  rmSync(join(directory, 'place'));
  mkdirSync(join(directory, 'place'));
}
