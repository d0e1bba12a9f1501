import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHAT_REASONS, CHAT_STATES } from '../../../../src/decide/chat.ts';
import { standingHolds } from '../../../../src/decide/holds.ts';
import { applyHold } from '../../../../src/decide/share.ts';
import { type ShownFilter, storedFilters } from '../../../../src/status/view/chat-filters.ts';
import { SHOWN_REASONS, type ShownReason } from '../../../../src/status/view/explanation.ts';
import type { ChatFilter } from '../../../../src/store/store.ts';
import { LINE, lineOf, OTHER_LINE } from '../../../helpers/builders.ts';

const HOLD_REASONS = ['paused', 'rate_limited', 'line_flagged', 'line_paused', 'card_missing'] as const;
const hold = fc.constantFrom(...HOLD_REASONS).map((reason) => ({ reason, since: 0, until: 5_000 }));

const arbitrary = fc.record({
  chat: fc.record({
    state: fc.constantFrom(...CHAT_STATES),
    reason: fc.constantFrom(...CHAT_REASONS),
    line: fc.constantFrom(LINE, OTHER_LINE, null),
  }),
  account: fc.option(hold),
  held: fc.dictionary(fc.constantFrom(LINE, OTHER_LINE), hold),
  filter: fc.record({
    state: fc.option(fc.constantFrom(...CHAT_STATES)),
    reason: fc.option(fc.constantFrom<ShownReason>(...SHOWN_REASONS)),
    lines: fc.option(fc.subarray([LINE, OTHER_LINE])),
  }),
});

type StoredChat = { state: string; reason: string; line: string | null };

function isFound(filters: readonly ChatFilter[], { state, reason, line }: StoredChat): boolean {
  const has = (words: readonly unknown[] | null, word: unknown) => words === null || words.includes(word);
  return filters.some(
    ({ states, reasons, lines, notLines }) =>
      has(states, state) &&
      has(reasons, reason) &&
      has(lines, line) &&
      (notLines === null || !has(notLines, line)),
  );
}

describe('storedFilters', () => {
  it('finds exactly the chats that are shown as asked for, whatever is held', () => {
    fc.assert(
      fc.property(arbitrary, ({ chat, account, held, filter }) => {
        const lines = Object.entries(held).map(([line, one]) => ({ line: lineOf({ line }), hold: one }));
        const holds = standingHolds({ account, lines });
        const shown = applyHold({ ...chat, nextAttemptAt: null }, holds.of(chat.line));
        const isWanted =
          (filter.state === null || filter.state === shown.state) &&
          (filter.reason === null || filter.reason === shown.reason) &&
          (filter.lines === null || (chat.line !== null && filter.lines.includes(chat.line)));
        expect(isFound(storedFilters(filter, holds), chat)).toBe(isWanted);
      }),
      { numRuns: 3_000 },
    );
  });

  it('asks for chats of an unknown line as paused while everything is, and as such again after it', () => {
    const unknown = { state: 'held', reason: 'line_unknown', line: null };
    const isShownAs = (reason: ShownReason, isPaused: boolean) => {
      const account = isPaused ? ({ reason: 'paused', since: 0, until: null } as const) : null;
      const holds = standingHolds({ account, lines: [] });
      return isFound(storedFilters({ state: null, reason, lines: null }, holds), unknown);
    };
    expect([isShownAs('paused', true), isShownAs('line_unknown', true)]).toEqual([true, false]);
    expect([isShownAs('paused', false), isShownAs('line_unknown', false)]).toEqual([false, true]);
  });

  it('asks for the due chats of a closed line as held, and not as due', () => {
    const lines = [{ line: lineOf(), hold: { reason: 'card_missing', since: 0, until: null } as const }];
    const holds = standingHolds({ account: null, lines });
    const due = { state: 'due', reason: 'became_eligible', line: LINE };
    const any: ShownFilter = { state: null, reason: null, lines: null };
    expect(isFound(storedFilters({ ...any, state: 'held' }, holds), due)).toBe(true);
    expect(isFound(storedFilters({ ...any, reason: 'card_missing' }, holds), due)).toBe(true);
    expect(isFound(storedFilters({ ...any, state: 'due' }, holds), due)).toBe(false);
    expect(isFound(storedFilters({ ...any, state: 'due' }, holds), { ...due, line: OTHER_LINE })).toBe(true);
  });
});
