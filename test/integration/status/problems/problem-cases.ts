import { beginRun, completeRun, countFailure } from '../../../../src/decide/catch-up.ts';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { sealDelivery } from '../../../../src/webhook/quarantine.ts';
import { noteAuthentic, noteRefused } from '../../../../src/webhook/report.ts';
import { answerOf, LINE, lineEventOf, outboundOf, T } from '../../../helpers/builders.ts';
import { message2026, SECRET } from '../../../helpers/deliver.ts';
import type { Case, World } from './problem-world.ts';

const LINE_HOLD = `/status/lines/${encodeURIComponent(LINE)}/hold`;
const chats = (...ids: string[]) => ids.map((chatId) => outboundOf(T, { chatId }));

/** Chats are due, and Linq answers so. */
const provokedBy =
  (answer: World['answer'], ids = ['chat-1']) =>
  async (world: World) => {
    world.answer = answer;
    await world.status.store.record(chats(...ids), T);
    world.status.dispatcher.nudge();
    await world.status.idle();
  };

const mended = (world: World) => {
  world.answer = answerOf(204);
};

const releasedLine = async (world: World) => {
  mended(world);
  await world.status.del(LINE_HOLD);
};

const accepted = ({ status }: World) => {
  status.counters.accepted++;
  noteAuthentic(status.counters);
  status.counters.lastAcceptedAt = status.clock.now();
};

/** Every problem: how it comes, and what its remedy says to do. */
export const CASES: readonly Case[] = [
  {
    code: 'api_key_rejected',
    provoke: provokedBy(answerOf(401, 2004)),
    remedy: async (world) => {
      mended(world);
      await world.pass(5 * MINUTE);
    },
  },
  {
    code: 'feature_disabled',
    provoke: provokedBy(answerOf(403, 2011)),
    remedy: async (world) => {
      mended(world);
      await world.pass(HOUR + SECOND);
    },
  },
  {
    code: 'rate_limited',
    provoke: provokedBy(answerOf(429, 1007, { retryAfterMs: 10 * MINUTE })),
    remedy: async (world) => {
      mended(world);
      await world.pass(10 * MINUTE + SECOND);
    },
  },
  {
    code: 'api_unavailable',
    provoke: provokedBy(answerOf(500, 3006), ['a', 'b', 'c', 'd', 'e']),
    remedy: async (world) => {
      mended(world);
      await world.pass(2 * MINUTE);
    },
  },
  { code: 'line_not_ours', provoke: provokedBy(answerOf(403, 2006)), remedy: releasedLine },
  { code: 'line_paused', provoke: provokedBy(answerOf(403, 2027)), remedy: releasedLine },
  {
    code: 'line_flagged',
    provoke: async ({ status }) => {
      await status.store.record([lineEventOf({ status: 'FLAGGED' }), ...chats('chat-1')], T);
      status.dispatcher.linesChanged();
      await status.idle();
    },
    remedy: releasedLine,
  },
  {
    code: 'card_missing',
    provoke: async (world) => {
      world.cards.length = 0;
      await provokedBy(answerOf(204))(world);
    },
    remedy: async (world) => {
      world.cards.push(LINE);
      await world.pass(2 * MINUTE + SECOND);
    },
  },
  {
    code: 'card_inactive',
    provoke: async (world) => {
      world.inactive.push(LINE);
      await provokedBy(answerOf(204))(world);
    },
    remedy: async (world) => {
      world.inactive.length = 0;
      await world.pass(2 * MINUTE + SECOND);
    },
  },
  {
    code: 'unreadable_deliveries',
    provoke: ({ status }) =>
      status.store.record(
        [
          {
            ...{ receivedAt: T, webhookId: 'msg_1', eventType: null, cause: 'of yesterday' },
            sealed: sealDelivery(Buffer.from(JSON.stringify(message2026({ sentAt: T }))), SECRET),
          },
        ],
        0,
      ),
    remedy: ({ status }) => status.post('/status/quarantine/replay'),
  },
  {
    code: 'chats_parked',
    provoke: async ({ status }) => {
      await status.store.record(chats('chat-1'), T);
      await status.store.updateChat('chat-1', (chat) => ({ ...chat, parkedAt: T, interruptions: 3 }), T);
    },
    remedy: ({ status }) => status.del('/status/chats/chat-1/hold'),
  },
  {
    code: 'webhooks_silent',
    provoke: ({ status }) => status.clock.advance(24 * HOUR),
    remedy: accepted,
  },
  {
    code: 'signature_failures',
    provoke: ({ status }) => {
      noteRefused(status.counters, 'mismatch', T);
    },
    remedy: accepted,
  },
  {
    code: 'shares_overdue',
    given: { policy: { idleAfterMs: 0 } },
    provoke: async (world) => {
      await provokedBy('none', ['a', 'b', 'c', 'd', 'e'])(world);
      await world.pass(25 * MINUTE);
    },
    remedy: async (world) => {
      mended(world);
      await world.status.idle();
    },
  },
  {
    code: 'disk_low',
    provoke: ({ status }) => {
      status.store.diskSpace = async () => ({ freeBytes: 2 ** 20, totalBytes: 2 ** 40 });
    },
    remedy: ({ status }) => {
      status.store.diskSpace = async () => ({ freeBytes: 2 ** 39, totalBytes: 2 ** 40 });
    },
  },
  {
    code: 'store_failing',
    provoke: (world) => {
      world.probe = { isWritable: false, fault: 'full', failingSince: T };
    },
    remedy: (world) => {
      world.probe = { isWritable: true };
    },
  },
  {
    code: 'backup_stale',
    given: { snapshot: { backupEveryMs: HOUR } },
    provoke: (world) => {
      world.isBackupFailing = true;
    },
    remedy: async (world) => {
      world.isBackupFailing = false;
      await world.status.store.noteBackup(world.status.clock.now());
    },
  },
  {
    code: 'catch_up_failing',
    provoke: async ({ status }) => {
      for (let n = 0; n < 3; n++)
        await status.store.changeCatchUp((state) => countFailure(state, 'http_500', T));
    },
    remedy: ({ status }) =>
      status.store.changeCatchUp((state) => completeRun(beginRun(state, 0, T), status.clock.now())),
  },
  {
    code: 'alerts_failing',
    provoke: (world) => {
      world.alerts = { failingSince: T, cause: 'HTTP 400' };
    },
    remedy: (world) => {
      world.alerts = 'fine';
    },
  },
  {
    code: 'settings_differ',
    provoke: (world) => {
      world.settings = ['old', 'new'];
    },
    remedy: (world) => {
      world.settings = ['new', 'new'];
    },
  },
  ...(['missing', 'inactive'] as const).map(
    (state): Case => ({
      code: `subscription_${state}`,
      provoke: (world) => {
        world.subscription = state;
      },
      remedy: (world) => {
        world.subscription = 'fine';
      },
    }),
  ),
  {
    code: 'clock_skew',
    given: { lastHeartbeatAt: T + HOUR },
    provoke: () => {},
    remedy: async ({ status }) => {
      status.guard.heard({ serverAt: T, requestedAt: T, receivedAt: T, tookMs: 0 });
      status.dispatcher.nudge();
      await status.idle();
    },
  },
];
