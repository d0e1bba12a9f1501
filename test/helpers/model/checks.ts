import { type ChatRecord, liveLease } from '../../../src/decide/chat.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Oracle } from './oracle.ts';
import type { Told } from './told.ts';

/** Compares everything that is stored with what has to follow from what happened; the dispatcher is at rest. */
export async function checkRows(oracle: Oracle, store: Store, now: number): Promise<void> {
  const rows: ChatRecord[] = [];
  for (const chatId of oracle.chats.keys()) {
    const chat = await store.chat(chatId);
    if (chat === null) oracle.fail(`${chatId} is nowhere on record`);
    else {
      rows.push(chat);
      checkChat(oracle, chat, now);
    }
  }
  const counts = (await store.counts(now)).filter(({ count }) => count > 0);
  const told = counts.map(({ line, state, reason, count }) => `${line} ${state} ${reason} ${count}`);
  if (told.sort().join() !== recount(rows, now).sort().join())
    oracle.fail(`counts: ${told.join()}; chats: ${recount(rows, now).join()}`);
}

function checkChat(oracle: Oracle, chat: ChatRecord, now: number): void {
  const { chatId, told } = oracle.chats.get(chat.chatId) ?? {};
  if (chatId === undefined || told === undefined) return;
  const differ = factsOf(told).filter(([name, value]) => chat[name] !== value);
  for (const [name, value] of differ)
    oracle.fail(`${chatId} has ${name} ${chat[name]}, and ${value} was told`);
  const isOpen = oracle.hasOpenCall(chatId);
  if ((chat.lease !== null) !== isOpen)
    oracle.fail(`${chatId} is ${isOpen ? 'called without' : 'left under'} a lease`);
  if (oracle.isStepped()) return;
  const row = oracle.rowAt(chatId, now);
  if (!isOpen && !`${chat.state} ${chat.reason}`.startsWith(row))
    oracle.fail(`${chatId} is ${chat.state} ${chat.reason}, not ${row}`);
  const { shares, sharedAt } = oracle.pastOf(chatId);
  if (chat.shareCount !== shares) oracle.fail(`${chatId} counts ${chat.shareCount} shares, not ${shares}`);
  if (chat.lastSharedAt !== sharedAt)
    oracle.fail(`${chatId} was shared at ${chat.lastSharedAt}, not ${sharedAt}`);
}

function factsOf(told: Told): readonly (readonly [keyof ChatRecord, unknown])[] {
  return [
    ['line', told.line?.value ?? null],
    ['lineAt', told.line?.at ?? null],
    ['service', told.service?.value ?? null],
    ['serviceAt', told.service?.at ?? null],
    ['isGroup', told.isGroup?.value ?? null],
    ['isGroupAt', told.isGroup?.at ?? null],
    ['firstOutboundAt', told.firstOutboundAt],
    ['lastOutboundAt', told.lastOutboundAt],
    ['lastInboundAt', told.lastInboundAt],
    ['optOutWordAt', told.optOutWordAt],
    ['optedInAt', told.optedInAt],
    ['health', told.health?.value ?? null],
    ['healthAt', told.health?.at ?? null],
    ['leftAt', told.leftAt],
    ['joinedAt', told.joinedAt],
  ];
}

function recount(rows: readonly ChatRecord[], now: number): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const { line, state, reason } = row;
    const lease = liveLease(row, now);
    const key = lease === null ? `${line} ${state} ${reason}` : `${line} sharing ${lease.trigger}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`);
}

/** The attempts on record against the calls that arrived: every one counted, each ended once, none gone too early. */
export async function checkAttempts(oracle: Oracle, store: Store, keptSince: number): Promise<void> {
  for (const chatId of oracle.chats.keys()) {
    const attempts = await store.attempts(chatId, 10_000);
    const open = attempts.filter(({ endedAt }) => endedAt === null);
    if (open.length > (oracle.hasOpenCall(chatId) ? 1 : 0))
      oracle.fail(`${chatId} has ${open.length} open attempts`);
    if (oracle.isStepped()) continue;
    const isKept = (endedAt: number | null) => (endedAt ?? 0) >= keptSince;
    const shared = attempts.filter(({ outcome, endedAt }) => outcome === 'shared' && isKept(endedAt));
    const onRecord = shared
      .map(({ endedAt }) => endedAt)
      .toReversed()
      .join();
    const happened = oracle.sharesOf(chatId).filter(isKept).join();
    if (onRecord !== happened)
      oracle.fail(`${chatId} has shares on record at ${onRecord}, and they were at ${happened}`);
  }
}

/** After a stop in good order nothing is under way any more. */
export async function checkStopped(oracle: Oracle, store: Store): Promise<void> {
  for (const chatId of oracle.chats.keys()) {
    const chat = await store.chat(chatId);
    if (chat?.lease !== null) oracle.fail(`${chatId} is left leased by a stop in good order`);
  }
}
