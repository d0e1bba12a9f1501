import { CHAT_REASONS, CHAT_STATES, type ChatReason, type ChatState } from '../../decide/chat.ts';
import type { StandingHolds } from '../../decide/holds.ts';
import { COVERED_REASON, COVERED_STATES } from '../../decide/share.ts';
import type { ChatFilter } from '../../store/store.ts';
import type { ShownReason } from './explanation.ts';

export interface ShownFilter {
  readonly state: ChatState | null;
  readonly reason: ShownReason | null;
  /** Any of these lines; null: any line. */
  readonly lines: readonly string[] | null;
}

/**
 * Translates a filter on shown states into stored ones: a chat that would be due or retried is shown as held
 * while its account or line has a hold. Join the filters by "or"; none: no chat can match.
 */
export function storedFilters(shown: ShownFilter, holds: StandingHolds): readonly ChatFilter[] {
  const { state, reason, lines } = shown;
  if (state === null && reason === null) return [{ states: null, reasons: null, lines, notLines: null }];
  const coverable: readonly ChatState[] =
    reason === COVERED_REASON ? [...COVERED_STATES, 'held'] : COVERED_STATES;
  const others = CHAT_STATES.filter((one) => !coverable.includes(one));
  const filters = [ownDecision(shown, others, null)];
  if (holds.account === null) {
    const held = [...holds.lines.keys()];
    filters.push(ownDecision(shown, coverable, held.length === 0 ? null : held));
  }
  return [...filters.filter((filter) => filter !== null), ...coveredByHolds(shown, holds)];
}

/** Chats in one of these states that are shown as stored. */
function ownDecision(
  { state, reason, lines }: ShownFilter,
  among: readonly ChatState[],
  notLines: readonly string[] | null,
): ChatFilter | null {
  const states = state === null ? among : among.filter((one) => one === state);
  if (states.length === 0 || (reason !== null && !isChatReason(reason))) return null;
  return { states, reasons: reason === null ? null : [reason], lines, notLines };
}

function coveredByHolds({ state, reason, lines }: ShownFilter, holds: StandingHolds): readonly ChatFilter[] {
  if (state !== null && state !== 'held') return [];
  const coveredOf = (among: readonly string[] | null): readonly ChatFilter[] => [
    { states: COVERED_STATES, reasons: null, lines: among, notLines: null },
    { states: ['held'], reasons: [COVERED_REASON], lines: among, notLines: null },
  ];
  if (holds.account !== null) {
    return reason === null || reason === holds.account.reason ? coveredOf(lines) : [];
  }
  const held = [...holds.lines]
    .filter(([line, hold]) => (reason === null || hold.reason === reason) && (lines?.includes(line) ?? true))
    .map(([line]) => line);
  return held.length === 0 ? [] : coveredOf(held);
}

/** Holds of the account or a line are never stored with a chat. */
function isChatReason(reason: ShownReason): reason is ChatReason {
  return CHAT_REASONS.some((one) => one === reason);
}
