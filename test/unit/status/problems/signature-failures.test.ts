import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { createSignatureWatch } from '../../../../src/status/problems/signature-failures.ts';
import { createWebhookCounters, noteAuthentic, noteRefused } from '../../../../src/webhook/report.ts';
import { T } from '../../../helpers/builders.ts';

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
