import { describe, expect, it } from 'vitest';
import { classifyAnswer } from '../../../../src/decide/outcome.ts';
import { reasonWords } from '../../../../src/status/page/page-words.ts';
import { SHOWN_REASONS } from '../../../../src/status/view/explanation.ts';
import { codeInWords } from '../../../../src/status/view/wording.ts';
import { answerOf } from '../../../helpers/builders.ts';

describe('words for people', () => {
  it.each(SHOWN_REASONS)('exist for %s, and are short', (reason) => {
    expect(reasonWords(reason)).not.toMatch(/[a-z]_/);
    expect(reasonWords(reason).length).toBeLessThan(30);
  });

  it('tell the meaning of every code of Linq’s that has an outcome of its own', () => {
    const OTHER = JSON.stringify(classifyAnswer(answerOf(400, 9999)));
    const codes = Array.from({ length: 9000 }, (_, index) => 1000 + index);
    const decided = codes.filter((code) => JSON.stringify(classifyAnswer(answerOf(400, code))) !== OTHER);
    expect(decided.length).toBeGreaterThan(10);
    expect(decided.filter((code) => codeInWords(code) === `code ${code}`)).toEqual([]);
  });

  it('leave a code that nobody knows as it is', () => {
    expect(codeInWords(9999)).toBe('code 9999');
  });
});
