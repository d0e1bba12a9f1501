import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { createBackupWatch } from '../../../../src/status/problems/backup-state.ts';
import { T } from '../../../helpers/builders.ts';

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
