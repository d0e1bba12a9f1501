import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import {
  createBackupWatch,
  createOverdueWatch,
  createSignatureWatch,
  createSilence,
  type Queue,
} from '../../../../src/status/problems/signs.ts';
import { createWebhookCounters, noteAuthentic, noteRefused } from '../../../../src/webhook/report.ts';
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

const NONE = { lastAcceptedAt: null, silentMs: 0 };

describe('a silence', () => {
  it('grows from the first start on, until a delivery is accepted', () => {
    const silence = createSilence(NONE, 0);
    expect(silence(null, T + HOUR, HOUR)).toEqual({ lastAcceptedAt: null, silentMs: HOUR });
    expect(silence(T + 1.5 * HOUR, T + 2 * HOUR, 2 * HOUR)).toEqual({
      lastAcceptedAt: T + 1.5 * HOUR,
      silentMs: HOUR / 2,
    });
    expect(silence(T + 1.5 * HOUR, T + 3 * HOUR, 3 * HOUR).silentMs).toBe(1.5 * HOUR);
  });

  it('goes on over a restart, without the time during which the service was down', () => {
    const silence = createSilence({ lastAcceptedAt: T, silentMs: HOUR }, 0);
    expect(silence(T, T + 5 * DAY + HOUR, HOUR)).toEqual({ lastAcceptedAt: T, silentMs: 2 * HOUR });
  });

  it('neither grows nor ends by a clock that is set', () => {
    const silence = createSilence(NONE, 0);
    silence(T, T, 1);
    expect(silence(T, T + DAY, 2).silentMs).toBe(1);
    expect(silence(T, T - DAY, 3).silentMs).toBe(2);
    expect(silence(T + DAY, T - DAY, 4).silentMs).toBe(0);
    expect(silence(T - DAY, T + DAY, 5).silentMs).toBe(1);
  });
});

function startSignatureWatch() {
  const counters = createWebhookCounters();
  const watch = createSignatureWatch(0);
  return {
    counters,
    look: (at: number) => {
      const state = watch(counters, at);
      return typeof state === 'string' ? state : state.isAll ? 'refusing all' : 'failing';
    },
    since: (at: number) => {
      const state = watch(counters, at);
      return typeof state === 'string' ? null : state.since;
    },
    refuse(fault: Parameters<typeof noteRefused>[1], count = 1, now = T) {
      for (let n = 0; n < count; n++) noteRefused(counters, fault, now);
    },
    take(verdict: 'accepted' | 'ignored' | 'quarantined' = 'accepted') {
      counters[verdict]++;
      noteAuthentic(counters);
    },
    probe: () => noteAuthentic(counters),
  };
}

describe('failed signatures', () => {
  it.each(['mismatch', 'stale'] as const)('are failing after the third %s in a row', (fault) => {
    const { take, refuse, look } = startSignatureWatch();
    take();
    expect(look(1)).toBe('fine');
    refuse(fault, 2);
    expect(look(2)).toBe('fine');
    refuse(fault);
    expect(look(3)).toBe('failing');
    expect(look(5 * HOUR)).toBe('failing');
  });

  it('refuse all from the first mismatch on, as long as nothing of Linq’s was accepted since the start', () => {
    const { refuse, look, take } = startSignatureWatch();
    refuse('mismatch');
    expect(look(SECOND)).toBe('refusing all');
    take();
    expect(look(2 * SECOND)).toBe('fine');
    refuse('mismatch');
    expect(look(3 * SECOND)).toBe('fine');
  });

  it('refuse all again with the next mismatch after a delivery of doctor, which has the same wrong secret', () => {
    const { refuse, look, probe } = startSignatureWatch();
    refuse('mismatch');
    probe();
    expect(look(SECOND)).toBe('fine');
    refuse('mismatch');
    expect(look(2 * SECOND)).toBe('refusing all');
  });

  it('are failing only after the third stale one, even if nothing was accepted: the secret is right', () => {
    const { refuse, look } = startSignatureWatch();
    refuse('stale', 2);
    expect(look(SECOND)).toBe('unknown');
    refuse('stale');
    expect(look(2 * SECOND)).toBe('refusing all');
  });

  it.each(['accepted', 'ignored', 'quarantined'] as const)(
    'are fine again at once with the next authentic delivery (%s), however many they were',
    (verdict) => {
      const { refuse, take, look } = startSignatureWatch();
      take();
      refuse('mismatch', 500);
      expect(look(SECOND)).toBe('failing');
      take(verdict);
      expect(look(2 * SECOND)).toBe('fine');
    },
  );

  it('are fine again at once with a delivery of doctor', () => {
    const { refuse, probe, look } = startSignatureWatch();
    refuse('mismatch', 20);
    expect(look(SECOND)).toBe('refusing all');
    probe();
    expect(look(2 * SECOND)).toBe('fine');
  });

  it('that came after the last authentic delivery count, though both came between two looks', () => {
    const { refuse, take, look } = startSignatureWatch();
    take();
    look(0);
    take();
    refuse('mismatch', 3);
    expect(look(30 * SECOND)).toBe('failing');
  });

  it('are known since the first of them', () => {
    const { refuse, since, take } = startSignatureWatch();
    take();
    refuse('stale', 1, T + 5);
    refuse('mismatch', 2, T + 9);
    expect(since(MINUTE)).toBe(T + 5);
  });

  it('are failing when ten came in 15 minutes, each after authentic ones, and fine after 15 quiet ones', () => {
    const { refuse, take, look } = startSignatureWatch();
    take();
    for (let minute = 1; minute <= 10; minute++) {
      refuse('mismatch');
      take();
      expect(look(minute * MINUTE)).toBe(minute < 10 ? 'fine' : 'failing');
    }
    take();
    expect(look(16 * MINUTE - SECOND)).toBe('failing');
    expect(look(26 * MINUTE)).toBe('fine');
  });

  it('are fine when they are few among many, day after day', () => {
    const { refuse, take, look } = startSignatureWatch();
    for (let at = 2 * MINUTE; at < 24 * HOUR; at += 2 * MINUTE) {
      take();
      refuse('mismatch');
      expect(look(at)).toBe('fine');
    }
  });

  it('are none of a scanner, which signs nothing, even if nothing was accepted yet', () => {
    const { counters, refuse, look } = startSignatureWatch();
    for (const refusal of ['missing', 'malformed', 'type', 'size', 'limited'] as const)
      refuse(refusal, 1_000);
    expect(counters.rejected.missing).toBe(1_000);
    expect(look(2)).toBe('unknown');
    expect(look(15 * MINUTE)).toBe('fine');
  });

  it('are not known of in the first 15 minutes without an authentic delivery', () => {
    const { probe, look } = startSignatureWatch();
    expect(look(0)).toBe('unknown');
    expect(look(15 * MINUTE - 1)).toBe('unknown');
    expect(look(15 * MINUTE)).toBe('fine');
    const other = startSignatureWatch();
    other.probe();
    expect(other.look(0)).toBe('fine');
    probe();
    expect(look(16 * MINUTE)).toBe('fine');
  });
});

const HOURS = 3 * HOUR;

describe('backups', () => {
  it('are fine when none are wanted', () => {
    expect(createBackupWatch(0, 0)(null, true, T, 9 * DAY)).toBe('fine');
  });

  it('are fine up to twice the time between two of them, and stale after it', () => {
    const look = createBackupWatch(HOURS, 0);
    expect(look(T, false, T + 2 * HOURS, DAY)).toBe('fine');
    expect(look(T, false, T + 2 * HOURS + 1, DAY)).toBe('stale');
  });

  it('are stale as long as the latest try failed', () => {
    const look = createBackupWatch(HOURS, 0);
    expect(look(T, true, T + 1, DAY)).toBe('stale');
    expect(look(T, false, T + 2, DAY)).toBe('fine');
  });

  it('are given ten minutes after a start to make the one that is missing', () => {
    const look = createBackupWatch(HOURS, 0);
    expect(look(T - DAY, false, T, 10 * MINUTE)).toBe('unknown');
    expect(look(T - DAY, false, T, 10 * MINUTE + 1)).toBe('stale');
    expect(createBackupWatch(SECOND, 0)(T - DAY, false, T, SECOND + 1)).toBe('stale');
  });

  it('are stale when none was ever made in twice the time', () => {
    const look = createBackupWatch(HOURS, 0);
    expect(look(null, false, T, 2 * HOURS)).toBe('unknown');
    expect(look(null, false, T, 2 * HOURS + 1)).toBe('stale');
  });
});
