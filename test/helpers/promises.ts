import type { ShareCall } from '../../src/simulator/shares.ts';
import type { Stored, StoredAttempt, StoredChat } from './database.ts';
import type { Planned } from './deliveries.ts';
import { type Facts, foldFacts, isSameFacts, selectionsOf } from './facts.ts';
import { findUncalledFor, findWrongStates } from './states.ts';
import type { Trial } from './trial.ts';

const UNKNOWN: Facts = foldFacts([]);

/**
 * All that is promised and can be seen of a service that doesn't run, one line for each breach.
 * @param released chats that an operator released
 */
export function findViolations(
  { load, simulator, windowMs }: Trial,
  stored: Stored,
  released: ReadonlySet<string> = new Set(),
): string[] {
  return [
    ...findLostFacts(load.chats, stored.chats),
    ...findBrokenPromises(simulator.calls, stored.attempts, windowMs),
    ...findUncalledFor(simulator.calls, load),
    ...findWrongStates(stored, released),
    ...stored.contradictions(),
  ];
}

/**
 * Chats whose stored facts don't follow from what was delivered: everything that was answered 2xx counts, what was
 * sent and not answered may count or not, and nothing else may.
 */
export function findLostFacts(
  chats: ReadonlyMap<string, readonly Planned[]>,
  stored: ReadonlyMap<string, StoredChat>,
): string[] {
  const wrong: string[] = [];
  for (const [chatId, planned] of chats) {
    const toldBy = (state: Planned['state']) =>
      planned.filter((delivery) => delivery.state === state).map(({ told }) => told);
    const acked = toldBy('acked');
    const found = stored.get(chatId) ?? UNKNOWN;
    const isPossible = selectionsOf(toldBy('sent')).some((maybe) =>
      isSameFacts(foldFacts([...acked, ...maybe]), found),
    );
    if (!isPossible) wrong.push(`chat ${chatId}: stored ${JSON.stringify(found)}, told ${describe(planned)}`);
  }
  return wrong;
}

function describe(planned: readonly Planned[]): string {
  return JSON.stringify(planned.map(({ state, told }) => ({ state, ...told })));
}

/**
 * Chats whose calls break a promise: a call inside the window of a share that the service took note of, a call that no
 * attempt stands for, or more calls without known outcome than attempts without.
 * @param windowMs from the answer to the next call, on the simulated Linq's own clock
 */
export function findBrokenPromises(
  calls: readonly ShareCall[],
  attempts: readonly StoredAttempt[],
  windowMs: number,
): string[] {
  const wrong: string[] = [];
  const attemptsOf = groupByChat(attempts);
  for (const [chatId, made] of groupByChat(calls)) {
    const recorded = attemptsOf.get(chatId) ?? [];
    const outcomeOf = new Map(recorded.map(({ traceId, outcome }) => [traceId, outcome]));
    for (const [index, call] of made.entries()) {
      const next = made[index + 1];
      if (next === undefined || outcomeOf.get(call.traceId) !== 'shared') continue;
      const distanceMs = next.arrivedMonotonicMs - (call.answeredMonotonicMs ?? Number.POSITIVE_INFINITY);
      if (!(distanceMs >= windowMs))
        wrong.push(`chat ${chatId}: called again ${distanceMs} ms after a share`);
    }
    const untold = made.filter(({ traceId }) => !outcomeOf.has(traceId)).length;
    const cut = recorded.filter(({ traceId }) => traceId === null).length;
    if (untold > cut) wrong.push(`chat ${chatId}: ${untold} calls of unknown outcome, ${cut} such attempts`);
    if (made.length > recorded.length)
      wrong.push(`chat ${chatId}: ${made.length} calls, ${recorded.length} attempts`);
  }
  return wrong;
}

/**
 * Chats whose attempt a kill cut off and that were not the next of their line: another chat's attempt came first that
 * is no repeat itself.
 * @param windowMs for so long the repeat may be expected, from the earliest start that counts as a share after it
 */
export function findLateRepeats({ chats, attempts }: Stored, windowMs: number): string[] {
  const wrong: string[] = [];
  const lineOf = ({ chatId }: StoredAttempt) => chats.get(chatId)?.line;
  const previous = new Map<string, StoredAttempt>();
  const before = attempts.map((attempt) => {
    const last = previous.get(attempt.chatId);
    previous.set(attempt.chatId, attempt);
    return last;
  });
  for (const [index, cut] of attempts.entries()) {
    if (cut.outcome !== 'interrupted' || isThirdInARow(attempts, cut)) continue;
    const repeat = attempts.slice(index + 1).find(({ chatId }) => chatId === cut.chatId);
    const expectedUntil = uncertainSince(attempts, cut, windowMs) + windowMs;
    const until = Math.min(expectedUntil, repeat?.startedAt ?? expectedUntil); // one claim starts all at the same time
    for (let i = index + 1; i < attempts.length; i++) {
      const next = attempts[i];
      if (next === undefined || next.startedAt >= until) break;
      const isOther = next.startedAt >= (cut.endedAt ?? 0) && lineOf(next) === lineOf(cut);
      if (!isOther || before[i]?.outcome === 'interrupted') continue;
      wrong.push(`chat ${cut.chatId}: cut at ${cut.startedAt}, but ${next.chatId} was next`);
      break;
    }
  }
  return wrong;
}

/** The earliest start since the chat's last share that may have arrived unanswered and wasn't counted yet. */
function uncertainSince(attempts: readonly StoredAttempt[], cut: StoredAttempt, windowMs: number): number {
  const made = attempts.filter(({ chatId }) => chatId === cut.chatId);
  let since: number | null = null;
  for (const { startedAt, outcome } of made.slice(0, made.indexOf(cut) + 1)) {
    if (outcome === 'shared' || (since !== null && startedAt >= since + windowMs)) since = null;
    if (outcome === 'interrupted' || outcome === 'unknown') since ??= startedAt;
  }
  return since ?? cut.startedAt;
}

/** Such a chat is parked until somebody releases it. */
function isThirdInARow(attempts: readonly StoredAttempt[], cut: StoredAttempt): boolean {
  const made = attempts.filter(({ chatId }) => chatId === cut.chatId);
  const last = made.indexOf(cut);
  return last >= 2 && made.slice(last - 2, last + 1).every(({ outcome }) => outcome === 'interrupted');
}

export function groupByChat<T extends { readonly chatId: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.chatId);
    if (group === undefined) groups.set(item.chatId, [item]);
    else group.push(item);
  }
  return groups;
}
