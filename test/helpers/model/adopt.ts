import type { ChatRecord } from '../../../src/decide/chat.ts';
import { openSqlite } from '../../../src/store/sqlite/native.js';
import type { Store } from '../../../src/store/store.ts';
import { asItBegins, backoffBounds, type CutAttempt, type Meaning } from './answers.ts';
import { REFUSALS } from './closures.ts';
import type { Call, Oracle } from './oracle.ts';

/** What an onlooker can't know beforehand is taken from the rows, if it lies within what is promised. */
export async function adoptRows(oracle: Oracle, store: Store): Promise<void> {
  const answered = oracle.calls().filter((call) => call.answered !== null);
  for (const call of answered) await adoptAnswer(oracle, store, call);
  if (answered.some(({ answered: end }) => isRefusal(end?.answer.means))) await adoptUndone(oracle, store);
  await adoptLookUps(oracle, store);
  if (oracle.options.policy.dryRun) await adoptPretended(oracle, store);
}

/** A look at a chat that is written down. */
export function adoptLookUp(oracle: Oracle, chat: ChatRecord, now: number): void {
  if (chat.lookedUpAt !== null) oracle.toldByApi(chat.chatId, now);
}

async function adoptLookUps(oracle: Oracle, store: Store): Promise<void> {
  for (const chatId of oracle.lookUps()) {
    const chat = await store.chat(chatId);
    if (chat !== null) adoptLookUp(oracle, chat, chat.lookedUpAt ?? 0);
  }
}

/** A process died and left these rows. */
export async function adoptCrash(oracle: Oracle, store: Store, path: string, now: number): Promise<void> {
  const open = openIn(path);
  const written = new Set<Call>();
  for (const chatId of oracle.chats.keys()) {
    const calls = oracle.calls().filter((call) => call.chatId === chatId);
    if (calls.length === 0) continue;
    const ended = (await store.attempts(chatId, 20)).filter(({ endedAt }) => endedAt !== null);
    for (const call of calls)
      if (ended.some(({ attemptId }) => attemptId === call.attemptId)) written.add(call);
  }
  oracle.died(open, (call) => written.has(call), now);
  for (const call of written) await adoptAnswer(oracle, store, call);
  await adoptUndone(oracle, store);
  await adoptPretended(oracle, store);
  await adoptLookUps(oracle, store);
}

/** Where several processes share a store: what was answered counts once it is written down. */
export async function adoptEnds(oracle: Oracle, store: Store): Promise<void> {
  let isRefused = false;
  await adoptInterrupted(oracle, store);
  for (const call of [...oracle.calls()].sort(inMildestOrder)) {
    const attempt = await attemptOf(store, call);
    if (attempt === undefined) oracle.fail(`${call.chatId}: no attempt on record of a call at ${call.at}`);
    if (attempt === undefined || attempt.endedAt === null) continue;
    if (call.answered === null) oracle.fail(`${call.chatId} was settled without an answer`);
    oracle.written(call);
    await adoptAnswer(oracle, store, call);
    isRefused ||= isRefusal(call.answered?.answer.means);
  }
  if (isRefused) await adoptUndone(oracle, store);
  await adoptLookUps(oracle, store);
  if (oracle.options.policy.dryRun) await adoptPretended(oracle, store);
}

/** Attempts of a chat, or of all, whose lease has run out, as another process has found. */
export async function adoptInterrupted(oracle: Oracle, store: Store, chatId?: string): Promise<void> {
  for (const one of [...oracle.calls(), ...oracle.orphans()]) {
    if (chatId !== undefined && one.chatId !== chatId) continue;
    const attempt = await attemptOf(store, one);
    if (attempt?.endedAt === undefined || attempt.endedAt === null) continue;
    if (attempt.outcome === 'interrupted') oracle.interrupted(one.chatId, attempt, attempt.endedAt);
  }
}

async function attemptOf(store: Store, { chatId, attemptId }: { chatId: string; attemptId: string }) {
  return (await store.attempts(chatId, 20)).find((attempt) => attempt.attemptId === attemptId);
}

/**
 * Answers that several processes got at once are written down in any order: this one opens nothing that another one
 * wouldn't, and undoes all refusals that might be undone.
 */
function inMildestOrder(a: Call, b: Call): number {
  const rank = ({ answered }: Call) =>
    isRefusal(answered?.answer.means) ? 2 : answered?.answer.means === 'shared' ? 1 : 0;
  return (a.answered?.at ?? 0) - (b.answered?.at ?? 0) || rank(a) - rank(b);
}

/** The open attempts, with what only their rows know. */
function openIn(path: string): ReadonlyMap<string, CutAttempt> {
  const sql = openSqlite(path, { readonly: true });
  const rows = sql
    .prepare<[], { chatId: string; attemptId: string; startedAt: number; mayHaveCalled: number }>(
      `SELECT chat_id AS chatId, attempt_id AS attemptId, started_at AS startedAt, may_have_called AS mayHaveCalled
        FROM leases JOIN chats ON chats.id = chat_row`,
    )
    .all();
  sql.close();
  return new Map(rows.map((row) => [row.chatId, { ...row, mayHaveCalled: row.mayHaveCalled === 1 }]));
}

/** The jitter of a backoff. */
async function adoptAnswer(oracle: Oracle, store: Store, { chatId, answered }: Call): Promise<void> {
  const chat = await store.chat(chatId);
  const isBackoff = answered?.answer.means === 'failing' || answered?.answer.means === 'lost';
  if (chat === null || answered === null || !isBackoff || oracle.isStepped()) return;
  const { least, most } = backoffBounds(oracle.pastOf(chatId).failures, answered.answer.retryAfterMs);
  const waitMs = (chat.retryAt ?? 0) - answered.at - 1;
  if (waitMs < least || waitMs > most)
    oracle.fail(`${chatId} backs off ${waitMs} ms, not ${least} to ${most}`);
  oracle.adopted(chatId, { retry: { until: chat.retryAt ?? 0, reason: 'backoff' } });
}

/** Refusals are undone when five chats in a row had one: then it isn't about the chats. */
async function adoptUndone(oracle: Oracle, store: Store): Promise<void> {
  for (const chatId of oracle.chats.keys()) {
    const past = oracle.pastOf(chatId);
    const { refusal, optOutRefusedAt, isBlocked, retry } = past;
    const isRejected = retry?.reason === 'rejected';
    if (refusal === null && optOutRefusedAt === null && !isBlocked && !isRejected) continue;
    const chat = await store.chat(chatId);
    const stands = [chat?.retiredAt, chat?.optOutRefusedAt, chat?.blockedAt].some((at) => at !== null);
    if (chat === null || stands || chat.retryReason === 'rejected') continue;
    if (oracle.refusedChats() < 5) oracle.fail(`${chatId} is no longer refused, and nothing ended that`);
    const { failures } = chat;
    oracle.adopted(chatId, { refusal: null, optOutRefusedAt: null, isBlocked: false, retry: null, failures });
  }
}

/** In a dry run there is no call that would tell of an attempt. */
async function adoptPretended(oracle: Oracle, store: Store): Promise<void> {
  for (const chatId of oracle.chats.keys()) {
    const attempts = await store.attempts(chatId, 100);
    for (const { attemptId, trigger, outcome, startedAt, endedAt } of attempts.toReversed()) {
      if (outcome !== 'dry_run' || !oracle.isNews(attemptId)) continue;
      const row = oracle.rowAt(chatId, startedAt, trigger === 'manual');
      if (!oracle.isStepped() && !row.startsWith('due '))
        oracle.fail(`${chatId} was shared in a dry run: ${row}`);
      const past = asItBegins(oracle.pastOf(chatId), oracle.options.policy.windowMs, startedAt);
      oracle.adopted(chatId, { ...past, interruptions: 0, pretendedAt: endedAt });
    }
  }
}

function isRefusal(means: Meaning | undefined): boolean {
  return means !== undefined && REFUSALS.includes(means);
}
