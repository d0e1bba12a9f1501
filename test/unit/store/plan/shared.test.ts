import { describe, expect, it } from 'vitest';
import type { Hold, Line } from '../../../../src/decide/holds.ts';
import { SECOND } from '../../../../src/decide/time.ts';
import { mergeShared, planShared } from '../../../../src/store/plan/shared.ts';
import type { Turn } from '../../../../src/store/turn.ts';
import { LINE, T } from '../../../helpers/builders.ts';

const NO_CHANGE = { cards: [], cleared: [], endedHolds: [], holds: [] };
const limited = (parts: Partial<Hold> = {}): Hold => ({
  ...{ scope: null, reason: 'rate_limited', since: T, until: T + SECOND, step: 0 },
  ...parts,
});
const key = { scope: null, reason: 'rate_limited' } as const;
const lineOf = (parts: Partial<Line>): Line => ({
  ...{ line: LINE, status: null, statusAt: null, reputation: null, reputationAt: null },
  ...{ card: 'unknown', cardCheckedAt: null, clearedAt: null },
  ...{ cardDigest: null, cardChangedAt: null },
  ...parts,
});

/** What the turn changes, if others changed these rows since it was planned. */
function merged(turn: Partial<Turn>, holds: readonly Hold[], lines: readonly Line[] = []) {
  return mergeShared(planShared({ ...NO_CHANGE, ...turn }), { holds, lines });
}

describe('the changes of a turn that did not know those of another replica', () => {
  it('keep the longer wait of a hold that both opened, and its beginning', () => {
    const stored = limited({ since: T + 5, until: T + 9 * SECOND, step: 3 });
    const own = limited({ since: T, until: T + SECOND, step: 1 });
    const both = limited({ since: T, until: T + 9 * SECOND, step: 3 });
    expect(merged({ holds: [own] }, [stored]).holds).toEqual([both]);
    expect(merged({ holds: [stored] }, [own]).holds).toEqual([both]);
    expect(merged({ holds: [own] }, []).holds).toEqual([own]);
  });

  it('take holds for two if the one was over before the other began', () => {
    const over = limited({ step: 4 });
    const own = limited({ since: T + 60 * SECOND, until: T + 61 * SECOND });
    expect(merged({ holds: [own] }, [over]).holds).toEqual([{ ...own, step: 4 }]);
    expect(merged({ holds: [over] }, [own]).holds).toEqual([{ ...own, step: 4 }]);
  });

  it('keep a hold that only an operator ends', () => {
    const paused = limited({ reason: 'paused', until: null });
    expect(merged({ holds: [{ ...paused, since: T + 5 }] }, [paused]).holds).toEqual([paused]);
  });

  it('end no hold that was extended since its end was decided', () => {
    const known = { ...key, until: T + SECOND };
    expect(merged({ endedHolds: [known] }, [limited()]).ended).toEqual([known]);
    expect(merged({ endedHolds: [known] }, [limited({ until: T + 2 * SECOND })]).ended).toEqual([]);
    expect(merged({ endedHolds: [known] }, [limited({ until: null })]).ended).toEqual([]);
    expect(merged({ endedHolds: [known] }, []).ended).toEqual([]);
  });

  it('end any hold that an operator ends', () => {
    expect(merged({ endedHolds: [key] }, [limited({ until: T + 9 * SECOND })]).ended).toEqual([key]);
  });

  it('keep the latest look at a card, and the latest clearing of a line', () => {
    const cards = [{ line: LINE, card: 'active', cardCheckedAt: T + 5 }] as const;
    const cleared = [{ line: LINE, clearedAt: T + 5 }];
    const changesOver = (parts: Partial<Line>) => merged({ cards, cleared }, [], [lineOf(parts)]).lines;
    const all = { card: 'active', cardCheckedAt: T + 5, clearedAt: T + 5 };
    expect(changesOver({})).toEqual([[LINE, all]]);
    expect(changesOver({ cardCheckedAt: T + 6, clearedAt: T + 6 })).toEqual([[LINE, { clearedAt: T + 6 }]]);
    expect(merged({ cards }, []).lines).toEqual([[LINE, { card: 'active', cardCheckedAt: T + 5 }]]);
    expect(merged({ cleared }, []).lines).toEqual([[LINE, { clearedAt: T + 5 }]]);
  });
});
