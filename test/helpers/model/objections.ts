import * as closures from './closures.ts';
import type { Known, Memory } from './memory.ts';
import type { Call, OracleOptions } from './oracle.ts';
import { rowByHand, rowOf } from './table.ts';

/** What speaks against a call, and what against there being none. */
export function createObjections(memory: Memory, options: OracleOptions) {
  let startsOfLines = new Map<string, number[]>();
  /** The wall clock was stepped: our own instants aren't comparable with the service's any more. */
  let isStepped = false;
  /** When chats that failed before last had all the calls that they may have: half of all. */
  let halfTakenAt = Number.NEGATIVE_INFINITY;
  const hasFailed = ({ chatId }: Pick<Call, 'chatId'>): boolean => memory.pastOf(chatId).failures > 0;
  /** The shortest window so far: a correction of the clock prolongs what was open by the settings of then. */
  let leastWindowMs = options.policy.windowMs;

  const rowAt = (chatId: string, now: number, isByHand = false): string => {
    const decide = isByHand ? rowByHand : rowOf;
    const policy = isStepped ? { ...options.policy, windowMs: leastWindowMs } : options.policy;
    return decide(memory.of(chatId).told, memory.pastOf(chatId), policy, now);
  };

  function isNeglected({ chatId, told, changedAt }: Known, since: number): boolean {
    if (changedAt > since || !rowAt(chatId, since).startsWith('due ')) return false;
    const line = told.line?.value ?? null;
    return line === null || closures.flaggedSince(memory.gates(), line) === null;
  }

  return {
    rowAt,
    isStepped: (): boolean => isStepped,
    stepped(): void {
      isStepped = true;
    },
    /** A new process doesn't know what the one before started. */
    started(): void {
      leastWindowMs = Math.min(leastWindowMs, options.policy.windowMs);
      startsOfLines = new Map();
    },
    /** Why the chat must not be called now; null: nothing speaks against it. */
    to({ chatId, line, at, isByHand }: Call): string | null {
      const closed = closures.closedBy(memory.gates(), line, at, options.cardTtlMs);
      // who releases a line by a clock that is ahead releases it from what comes until then, too
      if (closed !== null && !(isStepped && closed === 'flagged')) return closed;
      if (options.policy.dryRun) return 'dry run';
      const windowMs = isStepped ? leastWindowMs : options.policy.windowMs;
      const sharedAt = memory.lastSharedAt(chatId) ?? Number.NEGATIVE_INFINITY;
      const sinceMs = at + (isStepped ? 1 : 0) - sharedAt;
      if (!isByHand && sinceMs < windowMs) return `shared ${sinceMs} ms before`;
      const row = rowAt(chatId, at, isByHand);
      // after a step, what hangs on our own instants may come late but no earlier than the window
      if (isStepped ? !/^held |^waiting /.test(row) : row.startsWith('due ')) return null;
      return row;
    },
    /** Too much at a time; null: not too much. */
    toLoad({ line, at, chatId }: Call, open: readonly Call[]): string | null {
      if (open.some((call) => call.chatId === chatId)) return 'called twice at a time';
      if (open.length >= options.concurrency * (options.replicas ?? 1))
        return `${open.length + 1} calls at a time`;
      if (line === null || options.ratePerLine === 0) return null;
      const recent = (startsOfLines.get(line) ?? []).filter((start) => start > at - 1_000);
      startsOfLines.set(line, [...recent, at]);
      return recent.length >= options.ratePerLine ? `too many calls a second on ${line}` : null;
    },
    /** Chats that have waited too long for their call although nothing speaks against it. */
    neglected(now: number, open: readonly Pick<Call, 'chatId'>[]): string[] {
      const since = now - options.promptMs;
      const isTrying = open.length > 0 && closures.isProbed(memory.gates());
      if (isTrying || open.length >= options.concurrency)
        memory.setGates((gates) => closures.calmAfter(gates, now));
      const half = Math.max(1, Math.floor(options.concurrency / 2)) * (options.replicas ?? 1);
      if (open.filter(hasFailed).length >= half) halfTakenAt = now;
      const { isPaused, calmAt } = memory.gates();
      if (isStepped || isPaused || calmAt > since) return [];
      const idle = [...memory.chats.values()].filter(
        (chat) => !open.some((call) => call.chatId === chat.chatId),
      );
      const mayWait = (chat: Known) => hasFailed(chat) && halfTakenAt > since;
      return idle.filter((chat) => isNeglected(chat, since) && !mayWait(chat)).map(({ chatId }) => chatId);
    },
  };
}
