import { describe, expect, it } from 'vitest';
import { createLineNews } from '../../../src/app/app.ts';
import { LINE, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';

const flagged = { kind: 'line', line: LINE, at: T, status: 'FLAGGED', reputation: null } as const;

describe('news of lines', () => {
  it('are the first message on each line, and not the second', () => {
    const hasNews = createLineNews();
    expect(hasNews([outboundOf(T)])).toBe(true);
    expect(hasNews([outboundOf(T + 1, { chatId: 'another' })])).toBe(false);
    expect(hasNews([outboundOf(T), outboundOf(T, { line: OTHER_LINE })])).toBe(true);
  });

  it('are whatever Linq says of a line, every time', () => {
    const hasNews = createLineNews();
    expect([hasNews([flagged]), hasNews([flagged])]).toEqual([true, true]);
  });

  it("aren't events without a line", () => {
    expect(createLineNews()([outboundOf(T, { line: null })])).toBe(false);
  });
});
