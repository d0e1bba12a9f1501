import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { createAlert } from '../../../../src/status/alerts/alert.ts';
import type { BookedProblem } from '../../../../src/status/problems/problem-book.ts';
import { PROBLEM_WORDS, type ProblemCode } from '../../../../src/status/problems/problem-words.ts';
import type { OpenProblem } from '../../../../src/status/problems/problems.ts';
import { LINE, T } from '../../../helpers/builders.ts';

const bookedOf = (found: OpenProblem, closedAt: number | null = null): BookedProblem => ({
  code: found.code,
  scope: found.line ?? '',
  since: T,
  toldAt: null,
  closedAt,
  found,
  mayBeTold: false,
});
const SHOWN = { version: '1.2.3', showNumbers: false };
const missing = bookedOf({ code: 'card_missing', since: null, line: LINE });

describe('an alert', () => {
  it('of an opening says what is wrong, since when, and what to do, in words and in fields', () => {
    const alert = createAlert({ event: 'opened', problem: missing }, T + MINUTE, SHOWN);
    expect(alert).toEqual({
      event: 'opened',
      code: 'card_missing',
      severity: 'warning',
      since: '2026-11-03T16:00:00.000Z',
      at: '2026-11-03T16:01:00.000Z',
      line: '+1•••••0100',
      message: "+1•••••0100 has no contact card, so its chats can't get one.",
      remedy: expect.stringContaining('Set up a contact card'),
      version: '1.2.3',
      text: `contact-card-reactor: warning card_missing. ${alert.message} ${alert.remedy}`,
      content: alert.text, // Discord wants it under this name
    });
  });

  it('of a closing says that it is over and how long it lasted', () => {
    const closed = { ...missing, closedAt: T + HOUR + 2 * MINUTE };
    expect(createAlert({ event: 'closed', problem: closed }, T + 2 * HOUR, SHOWN)).toMatchObject({
      event: 'closed',
      code: 'card_missing',
      line: '+1•••••0100',
      at: '2026-11-03T18:00:00.000Z',
      message: 'The problem card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
      remedy: null,
      text: 'contact-card-reactor: card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
      content: 'contact-card-reactor: card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
    });
  });

  it.each(Object.keys(PROBLEM_WORDS) as ProblemCode[])(
    'of %s is taken by Discord as it is, and calls nobody by name',
    (code) => {
      const problem = bookedOf({ code, since: null, detail: 'full' });
      const { text, content } = createAlert({ event: 'opened', problem }, T, SHOWN);
      expect(content).toBe(text);
      expect(text).not.toMatch(/[@<]/);
    },
  );

  it('is cut for Discord where it is longer than that takes', () => {
    const problem = bookedOf({ code: 'store_failing', since: null, detail: 'x'.repeat(3_000) });
    const { text, content } = createAlert({ event: 'opened', problem }, T, SHOWN);
    expect(text.length).toBeGreaterThan(3_000);
    expect(content).toMatch(/^contact-card-reactor: error store_failing.*x…$/);
    expect(content).toHaveLength(2_000);
  });

  it('tells a severity that grew', () => {
    const problem = bookedOf({ code: 'api_unavailable', since: T, errorSince: T + 1 });
    const alert = createAlert({ event: 'opened', problem }, T + 2, SHOWN);
    expect(alert).toMatchObject({
      severity: 'error',
      text: expect.stringContaining('error api_unavailable'),
    });
  });

  it('names a line in full only when asked to', () => {
    const full = createAlert({ event: 'opened', problem: missing }, T, { ...SHOWN, showNumbers: true });
    expect(full).toMatchObject({ line: LINE, text: expect.stringContaining(LINE) });
  });
});
