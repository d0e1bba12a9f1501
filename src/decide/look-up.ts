import type { ChatRecord } from './chat.ts';
import type { EpochMs } from './duration.ts';
import { mergeChatEvent } from './facts.ts';

/** Facts that the API told when no event did; each fills only what is unknown, and any event wins over it. */
export interface LookedUpFacts {
  readonly line: string | null;
  readonly service: string | null;
  readonly isGroup: boolean | null;
  /** `status` in upper case; `at` null: Linq didn't say since when. */
  readonly health?: { readonly status: string; readonly at: EpochMs | null } | null;
}

/**
 * Adds what the API told: what no event told, as of the beginning of time, so that any event wins over it; and the
 * chat's health, which has a time of its own, as an event would.
 */
export function withLookedUp(chat: ChatRecord, facts: LookedUpFacts, now: EpochMs): ChatRecord {
  const { line, service, isGroup, health = null } = facts;
  const filled: ChatRecord = {
    ...chat,
    ...(chat.line === null && line !== null ? { line, lineAt: 0 } : {}),
    ...(chat.service === null && service !== null ? { service, serviceAt: 0 } : {}),
    ...(chat.isGroup === null && isGroup !== null ? { isGroup, isGroupAt: 0 } : {}),
    lookedUpAt: now,
  };
  if (health === null) return filled;
  const told = { status: health.status, at: Math.min(health.at ?? now, now) };
  const { chatId } = chat;
  return mergeChatEvent(filled, { ...NOTHING_ELSE, chatId, health: told });
}

const NOTHING_ELSE = { kind: 'chat', outbound: null, inbound: null, leftAt: null, joinedAt: null } as const;
