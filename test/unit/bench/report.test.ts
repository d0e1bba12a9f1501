import { describe, expect, it } from 'vitest';
import { formatTable, type Result, resultOf } from '../../../bench/report.ts';

const of = (measured: number, target: Result['target'], unit: Result['unit'] = 'ratio') =>
  resultOf({ row: 'row', what: 'what', target, unit, measured, details: {} });

describe('a target', () => {
  it('of a ratio is met from its own value on', () => {
    expect(of(0.65, { atLeast: 0.65 }).isMet).toBe(true);
    expect(of(0.649, { atLeast: 0.65 }).isMet).toBe(false);
  });

  it('of a duration is met up to its own value', () => {
    expect(of(100, { atMost: 100 }, 'ms').isMet).toBe(true);
    expect(of(100.1, { atMost: 100 }, 'ms').isMet).toBe(false);
  });

  it('is not met by what could not be measured', () => {
    expect(of(Number.NaN, { atLeast: 0.65 }).isMet).toBe(false);
  });
});

describe('the table', () => {
  it('says of each row what was asked, what was measured, and whether that will do', () => {
    const table = formatTable([of(0.7, { atLeast: 0.65 }), of(150, { atMost: 100 }, 'ms')]);
    expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['row', 'what', 'target', 'measured'],
      ['row', 'what', '>= 0.65', '0.70', 'met'],
      ['row', 'what', '<= 100 ms', '150 ms', 'NOT MET'],
    ]);
  });

  it('never rounds a missed target up to it', () => {
    const cellsOf = (table: string) => table.split('\n')[1]?.split(/ {2,}/);
    expect(cellsOf(formatTable([of(0.6499, { atLeast: 0.65 })]))).toContain('0.64');
    expect(cellsOf(formatTable([of(100.2, { atMost: 100 }, 'ms')]))).toContain('101 ms');
    expect(cellsOf(formatTable([of(0.29, { atLeast: 0.65 })]))).toContain('0.29');
  });

  it("puts a row's own table below all rows", () => {
    const own = {
      ...of(1, { atLeast: 1 }),
      table: [
        ['side', 'calls/s'],
        ['a bare loop', '9000'],
      ],
    };
    expect(
      formatTable([own, of(2, { atLeast: 1 })])
        .split('\n')
        .slice(2),
    ).toEqual(['row  what  >= 1.00  2.00      met', '', 'side         calls/s', 'a bare loop  9000']);
  });
});
