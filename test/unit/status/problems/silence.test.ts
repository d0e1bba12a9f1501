import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../../src/decide/time.ts';
import { createSilence } from '../../../../src/status/problems/silence.ts';
import { T } from '../../../helpers/builders.ts';

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
