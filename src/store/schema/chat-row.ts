import { getTableColumns } from 'drizzle-orm';
import type { ChatReason, ChatRecord, ChatState } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { chats } from './schema.ts';

type Instant = number | null;

/**
 * A row of `chats`, with the columns in schema order. An array, since better-sqlite3 reads and binds it in
 * half the time that an object takes.
 */
export type ChatRow = readonly [
  id: number,
  countId: number,
  lineId: number | null,
  chatId: string,
  nextAttemptAt: Instant,
  wakeAt: Instant,
  service: string | null,
  isGroup: number | null,
  firstOutboundAt: Instant,
  lastOutboundAt: Instant,
  lineAt: Instant,
  serviceAt: Instant,
  isGroupAt: Instant,
  lastInboundAt: Instant,
  optOutWordAt: Instant,
  optedInAt: Instant,
  health: string | null,
  healthAt: Instant,
  leftAt: Instant,
  joinedAt: Instant,
  lastSharedAt: Instant,
  lastShareStartedAt: Instant,
  shareCount: number,
  uncertainAt: Instant,
  dryRunAt: Instant,
  retiredAt: Instant,
  retiredReason: ChatRecord['retiredReason'],
  optOutRefusedAt: Instant,
  operatorHeldAt: Instant,
  parkedAt: Instant,
  blockedAt: Instant,
  failures: number,
  retryAt: Instant,
  retryReason: ChatRecord['retryReason'],
  interruptions: number,
  lookedUpAt: Instant,
  restoredAt: Instant,
];

/** The column names, in row order. */
export const CHAT_COLUMNS: readonly string[] = Object.values(getTableColumns(chats)).map(
  (column) => column.name,
);

/** The key that a row of `chat_counts` stands for. */
export interface CountKey {
  readonly line: string | null;
  readonly state: ChatState;
  readonly reason: ChatReason;
}

/**
 * The chat of a row, still without its lease.
 * @param key what the row's `count_id` stands for
 * @param cardChangedAt of its line
 */
export function chatOf(
  row: ChatRow,
  { line, state, reason }: CountKey,
  cardChangedAt: EpochMs | null,
): ChatRecord {
  const lastOutboundAt = row[9];
  return {
    chatId: row[3],
    line,
    lineAt: line === null ? null : (row[10] ?? lastOutboundAt),
    service: row[6],
    serviceAt: row[6] === null ? null : (row[11] ?? lastOutboundAt),
    isGroup: row[7] === null ? null : row[7] === 1,
    isGroupAt: row[7] === null ? null : (row[12] ?? lastOutboundAt),
    firstOutboundAt: row[8],
    lastOutboundAt,
    lastInboundAt: row[13],
    optOutWordAt: row[14],
    optedInAt: row[15],
    health: row[16],
    healthAt: row[17],
    leftAt: row[18],
    joinedAt: row[19],
    lastSharedAt: row[20],
    lastShareStartedAt: row[21],
    shareCount: row[22],
    uncertainAt: row[23],
    dryRunAt: row[24],
    retiredAt: row[25],
    retiredReason: row[26],
    optOutRefusedAt: row[27],
    operatorHeldAt: row[28],
    parkedAt: row[29],
    blockedAt: row[30],
    failures: row[31],
    retryAt: row[32],
    retryReason: row[33],
    interruptions: row[34],
    lookedUpAt: row[35],
    restoredAt: row[36],
    lease: null,
    cardChangedAt,
    state,
    reason,
    nextAttemptAt: row[4],
    wakeAt: row[5],
  };
}

/** The row of a chat, without its lease; the reverse of `chatOf`. @param id 0 for a chat that has no row yet */
export function rowOf(chat: ChatRecord, id: number, countId: number, lineId: number | null): ChatRow {
  const { lastOutboundAt } = chat;
  const unlessLast = (at: Instant) => (at === lastOutboundAt ? null : at);
  return [
    id,
    countId,
    lineId,
    chat.chatId,
    chat.nextAttemptAt,
    chat.wakeAt,
    chat.service,
    chat.isGroup === null ? null : Number(chat.isGroup),
    chat.firstOutboundAt,
    lastOutboundAt,
    unlessLast(chat.lineAt),
    unlessLast(chat.serviceAt),
    unlessLast(chat.isGroupAt),
    chat.lastInboundAt,
    chat.optOutWordAt,
    chat.optedInAt,
    chat.health,
    chat.healthAt,
    chat.leftAt,
    chat.joinedAt,
    chat.lastSharedAt,
    chat.lastShareStartedAt,
    chat.shareCount,
    chat.uncertainAt,
    chat.dryRunAt,
    chat.retiredAt,
    chat.retiredReason,
    chat.optOutRefusedAt,
    chat.operatorHeldAt,
    chat.parkedAt,
    chat.blockedAt,
    chat.failures,
    chat.retryAt,
    chat.retryReason,
    chat.interruptions,
    chat.lookedUpAt,
    chat.restoredAt,
  ];
}
