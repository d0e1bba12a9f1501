import { describe, expect, it } from 'vitest';
import { describeCatchUp } from './store/catch-up.ts';
import { describeClaims } from './store/claims.ts';
import { describeClockShifts } from './store/clock-shifts.ts';
import { describeLookups } from './store/lookups.ts';
import { describePageReads } from './store/page-reads.ts';
import { describeProblems } from './store/problems.ts';
import { describeProperties } from './store/properties.ts';
import { describeQuarantine } from './store/quarantine.ts';
import { describeReads } from './store/reads.ts';
import { describeRecords } from './store/records.ts';
import { describeReplicas } from './store/replicas.ts';
import { describeRetention } from './store/retention.ts';
import { describeSettlements } from './store/settlements.ts';
import { describeUpkeep } from './store/upkeep.ts';
import { type StoreHome, useStore } from './store/use-store.ts';

/**
 * What every `Store` promises, whatever is behind it.
 * @param createHome a place for one store, empty and not shared with other tests; made anew for every test
 * @param isShared other processes may use the store at the same time
 */
export function describeStore(name: string, createHome: () => StoreHome, isShared = false): void {
  describe(name, () => {
    const bench = useStore(createHome);
    describeRecords(bench);
    describeClaims(bench);
    describeSettlements(bench);
    describeLookups(bench);
    describeUpkeep(bench, isShared);
    describeClockShifts(bench);
    describeCatchUp(bench);
    describeRetention(bench);
    describeReads(bench);
    describePageReads(bench);
    describeQuarantine(bench);
    describeProblems(bench);
    describeReplicas(bench);
    describeProperties(bench);
    it('has no method that none of these tests uses', () => {
      expect(bench.unused()).toEqual([]);
    });
  });
}
