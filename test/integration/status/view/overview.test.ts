import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../../src/decide/time.ts';
import { StoreError } from '../../../../src/errors.ts';
import { answerOf, LINE, OTHER_LINE, outboundOf, T } from '../../../helpers/builders.ts';
import { startStatus } from '../harness.ts';

const codes = (problems: { code: string }[]) => problems.map(({ code }) => code);

const UNCHANGED = { changedAt: null, sharedAgain: null, left: null };

describe('GET /status', () => {
  it('shows the whole picture of a service at work', async () => {
    const { get, counters, idle } = await startStatus({
      cards: [LINE],
      events: [
        outboundOf(T, { chatId: 'a' }),
        outboundOf(T, { chatId: 'b' }),
        outboundOf(T, { chatId: 'c', line: OTHER_LINE }),
      ],
    });
    await idle();
    counters.accepted = 3;
    counters.rejected.stale = 1;
    counters.lastAcceptedAt = T;
    const { status, body } = await get('/status');
    expect(status).toBe(200);
    expect(body).toEqual({
      ok: true,
      version: '1.2.3',
      startedAt: '2026-11-03T16:00:00.000Z',
      now: '2026-11-03T16:00:00.000Z',
      problems: [
        {
          code: 'card_missing',
          severity: 'warning',
          since: '2026-11-03T16:00:00.000Z',
          line: '+1•••••0101',
          message: '+1•••••0101 has no contact card, so its chats can’t get one.',
          remedy: expect.stringContaining('Set up a card'),
        },
      ],
      webhooks: {
        lastAcceptedAt: '2026-11-03T16:00:00.000Z',
        accepted: 3,
        ignored: 0,
        quarantined: 0,
        rejected: { missing: 0, malformed: 0, mismatch: 0, stale: 1, size: 0, type: 0, limited: 0 },
      },
      chats: {
        total: 3,
        byState: { retired: 0, held: 1, done: 0, waiting: 2, idle: 0, retrying: 0, due: 0, sharing: 0 },
      },
      shares: {
        total: 2,
        last24h: { succeeded: 2, failed: 0 },
        lastSucceededAt: '2026-11-03T16:00:00.001Z',
        nextDueAt: '2026-11-04T16:00:00.001Z',
        overdue: 0,
        oldestOverdueSeconds: null,
      },
      lines: [
        {
          line: '+1•••••0100',
          card: { state: 'active', checkedAt: '2026-11-03T16:00:00.000Z', ...UNCHANGED },
          chats: 2,
          hold: null,
          until: null,
        },
        {
          line: '+1•••••0101',
          card: { state: 'missing', checkedAt: '2026-11-03T16:00:00.000Z', ...UNCHANGED },
          chats: 1,
          hold: 'card_missing',
          until: null,
        },
      ],
      catchUp: {
        state: 'idle',
        cause: null,
        lastCompletedAt: null,
        startedAt: null,
        chatsSeen: 0,
        chatsTotal: null,
        chatsRead: 0,
        chatsChanged: 0,
        chatsUnread: 0,
      },
      store: { kind: 'sqlite', schemaVersion: 6, sizeBytes: expect.any(Number), lastBackupAt: null },
      replicas: [
        {
          id: 'replica-1',
          version: '1.2.3',
          startedAt: '2026-11-03T16:00:00.000Z',
          seenAt: '2026-11-03T16:00:00.000Z',
          isLeader: true,
        },
      ],
      paused: false,
      dryRun: false,
    });
    expect(body.store.sizeBytes).toBeGreaterThan(4_096);
  });

  it('is not ok while Linq rejects the key', async () => {
    const { get, idle } = await startStatus({
      events: [outboundOf(T)],
      share: async () => answerOf(401, 2004),
    });
    await idle();
    const { body } = await get('/status');
    expect(body).toMatchObject({
      ok: false,
      chats: { byState: { held: 1, due: 0 } },
      shares: { overdue: 0 },
    });
    expect(codes(body.problems)).toEqual(['api_key_rejected']);
  });

  it('tells of chats that were parked, and since when the oldest is', async () => {
    const { get, store, idle } = await startStatus({
      events: [outboundOf(T, { chatId: 'a' }), outboundOf(T, { chatId: 'b' })],
    });
    await idle();
    await store.updateChat('a', (chat) => ({ ...chat, parkedAt: T - HOUR }), T);
    await store.updateChat('b', (chat) => ({ ...chat, parkedAt: T }), T);
    expect((await get('/status')).body.problems).toMatchObject([
      {
        code: 'chats_parked',
        since: '2026-11-03T15:00:00.000Z',
        message: expect.stringContaining('attempts in a row: 2.'),
      },
    ]);
  });

  it('tells of deliveries in quarantine', async () => {
    const { get, store } = await startStatus();
    const delivery = { webhookId: null, eventType: null, cause: 'not JSON', sealed: Buffer.from('x') };
    await store.record([{ ...delivery, receivedAt: T }], 0);
    expect((await get('/status')).body.problems).toMatchObject([
      { code: 'unreadable_deliveries', since: '2026-11-03T16:00:00.000Z' },
    ]);
  });

  it('tells that the database cannot be written as long as it can be read', async () => {
    const { get, store } = await startStatus();
    store.probe = async () => {
      throw new StoreError('readonly', 'attempt to write a readonly database');
    };
    const { body } = await get('/status');
    expect(body.ok).toBe(false);
    expect(body.problems).toMatchObject([
      { code: 'store_failing', message: expect.stringContaining('readonly') },
    ]);
  });

  it('answers 503 with when to come again while the database cannot be read', async () => {
    const { get, store } = await startStatus();
    store.summary = async () => {
      throw new StoreError('busy', 'database is locked');
    };
    const { status, headers, body } = await get('/status');
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: '5' });
    expect(body).toMatchObject({ statusCode: 503, code: 'STORE_UNAVAILABLE', error: 'Service Unavailable' });
  });
});
