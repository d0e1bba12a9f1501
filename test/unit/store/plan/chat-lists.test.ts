import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  comparePositions,
  type Position,
  pageOfQueues,
  startOf,
} from '../../../../src/store/plan/chat-lists.ts';

it('pages through queues of which each shows a part, each wanted row once and in order', () => {
  const queues = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 25 }), { maxLength: 5 });
  const options = fc.record({
    queues,
    part: fc.integer({ min: 1, max: 6 }),
    limit: fc.integer({ min: 1, max: 6 }),
    isDescending: fc.boolean(),
    wanted: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(options, ({ queues: given, part, limit, isDescending, wanted }) => {
      const order = { by: 'next_attempt', isDescending } as const;
      const compare = (a: Position, b: Position) => comparePositions(a, b, order);
      const all = given.map((instants, queue) =>
        instants.map((at, index) => ({ at, id: 1 + queue * 100 + index })).sort(compare),
      );
      const isWanted = ({ id }: Position) => id % wanted === 0;
      const seen: Position[] = [];
      let cursor: string | null = null;
      do {
        const start = startOf(cursor, order);
        const fronts = all.map((rows) => {
          const front = rows.filter((row) => compare(start, row) < 0).slice(0, part);
          return { rows: front, isCut: front.length === part };
        });
        const page = pageOfQueues(fronts, isWanted, { start, limit, order });
        expect(page.onPage.length).toBeLessThanOrEqual(limit);
        expect(page.nextCursor).not.toBe(cursor ?? 'none');
        seen.push(...page.onPage);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(all.flat().filter(isWanted).sort(compare));
    }),
  );
});
