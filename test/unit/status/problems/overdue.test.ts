import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { createOverdueWatch, type Queue } from '../../../../src/status/problems/overdue.ts';
import { LINE, OTHER_LINE, T } from '../../../helpers/builders.ts';

const queueOf = (headAt: number, due = 1, line: string | null = LINE): Queue => ({ line, headAt, due });

/** Looks `ms` after the start. */
function startOverdueWatch(ratePerLine = 2) {
  const watch = createOverdueWatch(ratePerLine, (realMs) => realMs);
  return (ms: number, ...queues: Queue[]) => watch(queues, T + ms, ms);
}

describe('chats that wait for their share', () => {
  it('are overdue when one that was due is still not taken ten minutes later', () => {
    const look = startOverdueWatch();
    look(0);
    expect(look(SECOND, queueOf(T))).toBe('fine');
    expect(look(10 * MINUTE, queueOf(T))).toBe('fine');
    expect(look(10 * MINUTE + 2 * SECOND, queueOf(T))).toBe('overdue');
    expect(look(10 * MINUTE + 3 * SECOND)).toBe('fine');
  });

  it('are not overdue while a long queue drains at its pace, however old they are', () => {
    const look = startOverdueWatch(2);
    const dueAt = (n: number) => T - 5 * HOUR + n; // all became due while the service was away
    look(0);
    for (let left = 100_000; left > 0; left -= 60) {
      const at = ((100_000 - left) / 2) * SECOND + SECOND;
      expect(look(at, queueOf(dueAt(100_000 - left), left))).not.toBe('overdue');
    }
  });

  it('are overdue when a long queue drains at less than its pace', () => {
    const look = startOverdueWatch(2);
    look(0);
    const states = Array.from({ length: 200 }, (_, minute) => {
      const taken = minute * 60; // one a second, where two may be
      return look((minute + 1) * MINUTE, queueOf(T - HOUR + taken, 10_000 - taken));
    });
    // 10,000 take 5,000 s at that pace (and a tenth more, and ten minutes)
    expect(states.indexOf('overdue')).toBe(102);
  });

  it('are overdue when one line is, though another drains', () => {
    const look = startOverdueWatch();
    look(0);
    expect(look(SECOND, queueOf(T), queueOf(T, 1, OTHER_LINE))).toBe('fine');
    expect(look(11 * MINUTE, queueOf(T), queueOf(T + 11 * MINUTE, 1, OTHER_LINE))).toBe('overdue');
  });

  it('count anew once what closed their line has ended', () => {
    const look = startOverdueWatch();
    look(SECOND, queueOf(T));
    expect(look(9 * MINUTE)).toBe('fine'); // closed: no queue
    expect(look(11 * MINUTE, queueOf(T))).toBe('fine');
    expect(look(21 * MINUTE + SECOND, queueOf(T))).toBe('overdue');
  });

  it('are given ten minutes without a limit of the rate, too', () => {
    const look = startOverdueWatch(0);
    look(0);
    expect(look(SECOND, queueOf(T, 1_000_000, null))).toBe('fine');
    expect(look(10 * MINUTE + SECOND, queueOf(T, 1_000_000, null))).toBe('overdue');
  });

  it('are not known to be on time as long as those found at the start are there', () => {
    const look = startOverdueWatch();
    expect(look(0, queueOf(T - HOUR))).toBe('unknown');
    expect(look(SECOND, queueOf(T - HOUR))).toBe('unknown');
    expect(look(2 * SECOND, queueOf(T + 1))).toBe('fine');
  });

  it('count anew when the clock was set back', () => {
    const watch = createOverdueWatch(2, (realMs) => realMs);
    watch([], T, 0);
    watch([queueOf(T)], T, 0);
    expect(watch([queueOf(T - HOUR)], T - HOUR, MINUTE)).toBe('fine');
    expect(watch([queueOf(T - HOUR)], T - HOUR + 10 * MINUTE, 11 * MINUTE)).toBe('fine');
    expect(watch([queueOf(T - HOUR)], T - HOUR + 11 * MINUTE, 12 * MINUTE)).toBe('overdue');
  });
});
