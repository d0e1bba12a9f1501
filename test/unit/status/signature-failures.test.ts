import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/duration.ts';
import { createSignatureWatch } from '../../../src/status/signature-failures.ts';
import { createWebhookCounters } from '../../../src/webhook/delivery-log.ts';

function startWatch() {
  const counters = createWebhookCounters();
  const watch = createSignatureWatch(0);
  return { counters, look: (at: number) => watch(counters, at) };
}

describe('failed signatures', () => {
  it.each(['mismatch', 'stale'] as const)('are failing after the third %s in a row', (fault) => {
    const { counters, look } = startWatch();
    counters.accepted = 1;
    expect(look(1)).toBe('fine');
    counters.rejected[fault] = 2;
    expect(look(2)).toBe('fine');
    counters.rejected[fault] = 3;
    expect(look(3)).toBe('failing');
    expect(look(5 * HOUR)).toBe('failing');
  });

  it.each(['accepted', 'ignored', 'quarantined'] as const)(
    'are fine again with the next authentic delivery (%s) when they were few',
    (verdict) => {
      const { counters, look } = startWatch();
      counters.rejected.mismatch = 9;
      expect(look(SECOND)).toBe('failing');
      counters[verdict] = 1;
      expect(look(2 * SECOND)).toBe('fine');
    },
  );

  it('are failing when they are ten in 15 minutes, whatever else arrives, and fine after 15 quiet ones', () => {
    const { counters, look } = startWatch();
    for (let minute = 1; minute <= 5; minute++) {
      counters.rejected.mismatch += 2;
      counters.accepted += 100;
      expect(look(minute * MINUTE)).toBe(minute < 5 ? 'fine' : 'failing');
    }
    counters.accepted++;
    expect(look(16 * MINUTE - SECOND)).toBe('failing');
    expect(look(17 * MINUTE)).toBe('fine');
  });

  it('are fine when they are few among many, day after day', () => {
    const { counters, look } = startWatch();
    for (let at = 2 * MINUTE; at < 24 * HOUR; at += 2 * MINUTE) {
      counters.rejected.mismatch++;
      counters.accepted++;
      expect(look(at)).toBe('fine');
    }
  });

  it('are none of a scanner, which signs nothing', () => {
    const { counters, look } = startWatch();
    counters.accepted = 1;
    look(1);
    Object.assign(counters.rejected, { missing: 1_000, malformed: 1_000, type: 1_000, size: 9, limited: 9 });
    expect(look(2)).toBe('fine');
  });

  it('are not known of in the first 15 minutes without an authentic delivery', () => {
    const { counters, look } = startWatch();
    expect(look(0)).toBe('unknown');
    expect(look(15 * MINUTE - 1)).toBe('unknown');
    expect(look(15 * MINUTE)).toBe('fine');
    counters.rejected.mismatch = 3;
    expect(look(16 * MINUTE)).toBe('failing');
  });
});
