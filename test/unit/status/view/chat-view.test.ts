import { describe, expect, it } from 'vitest';
import { standingHolds } from '../../../../src/decide/holds.ts';
import { showCounts } from '../../../../src/status/view/chat-view.ts';
import type { ChatCount } from '../../../../src/store/store.ts';
import { LINE, lineOf, OTHER_LINE } from '../../../helpers/builders.ts';

const COUNTS: readonly ChatCount[] = [
  { line: LINE, state: 'due', reason: 'became_eligible', count: 3 },
  { line: LINE, state: 'retrying', reason: 'backoff', count: 4 },
  { line: LINE, state: 'waiting', reason: 'window', count: 5 },
  { line: OTHER_LINE, state: 'due', reason: 'window_lapsed', count: 6 },
  { line: OTHER_LINE, state: 'held', reason: 'parked', count: 2 },
  { line: null, state: 'due', reason: 'became_eligible', count: 1 },
];

const missingCard = { line: lineOf(), hold: { reason: 'card_missing', since: 0, until: null } as const };

describe('showCounts', () => {
  it('names every state, also those without chats', () => {
    expect(showCounts([], standingHolds({ account: null, lines: [] })).byState).toEqual({
      retired: 0,
      held: 0,
      done: 0,
      waiting: 0,
      idle: 0,
      retrying: 0,
      due: 0,
      sharing: 0,
    });
  });

  it('counts as stored while nothing is closed', () => {
    const { total, byState } = showCounts(COUNTS, standingHolds({ account: null, lines: [] }));
    expect(total).toBe(21);
    expect(byState).toMatchObject({ due: 10, retrying: 4, waiting: 5, held: 2 });
  });

  it('counts the due and retried chats of a closed line as held', () => {
    const { byState } = showCounts(COUNTS, standingHolds({ account: null, lines: [missingCard] }));
    expect(byState).toMatchObject({ due: 7, retrying: 0, waiting: 5, held: 9 });
  });

  it('counts those of all lines, known or not, as held while the account is closed', () => {
    const account = { reason: 'paused', since: 0, until: null } as const;
    const { byState } = showCounts(COUNTS, standingHolds({ account, lines: [] }));
    expect(byState).toMatchObject({ due: 0, retrying: 0, waiting: 5, held: 16 });
  });

  it('counts the chats of each line, and those that are parked', () => {
    const { byLine, parked } = showCounts(COUNTS, standingHolds({ account: null, lines: [] }));
    expect([...byLine]).toEqual([
      [LINE, 12],
      [OTHER_LINE, 8],
    ]);
    expect(parked).toBe(2);
  });
});
