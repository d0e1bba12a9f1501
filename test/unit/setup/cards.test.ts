import { describe, expect, it } from 'vitest';
import type { KnownCardState } from '../../../src/decide/holds.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { SECOND } from '../../../src/decide/time.ts';
import { SetupError } from '../../../src/errors.ts';
import { cardsOf, createCard } from '../../../src/setup/cards.ts';
import { answerOf, silenceOf } from '../../helpers/builders.ts';

const LINE = '+12025550100';
const LOST = silenceOf();
const UNSENT = silenceOf(false);

/** @param answers to each create in turn: the state of the card that came back, or what went wrong */
function setUp(answers: readonly (KnownCardState | LinqAnswer)[], seen: KnownCardState = 'missing') {
  let creates = 0;
  const pauses: number[] = [];
  const told: string[] = [];
  const run = () =>
    createCard(
      {
        linq: {
          contactCards: async () => ({
            kind: 'cards',
            cards: seen === 'missing' ? [] : [{ line: LINE, isActive: seen === 'active' }],
          }),
          async createContactCard() {
            const answer = answers[creates++] ?? UNSENT;
            return typeof answer === 'string'
              ? { kind: 'card', card: { line: LINE, isActive: answer === 'active' } }
              : { kind: 'failed', answer };
          },
        },
        pause: async (ms) => void pauses.push(ms),
        notify: (text) => void told.push(text),
      },
      { line: LINE, firstName: 'Ann' },
    );
  return { run, creates: () => creates, pauses, told };
}

it('a line’s card is told by its own number, and active beats inactive', () => {
  const cards = [
    { line: LINE, isActive: false },
    { line: LINE, isActive: true },
    { line: '+12025550101', isActive: false },
  ];
  expect(cardsOf([LINE, '+12025550101', '+12025550102'], cards)).toEqual([
    { line: LINE, card: 'active' },
    { line: '+12025550101', card: 'inactive' },
    { line: '+12025550102', card: 'missing' },
  ]);
});

describe('creating a card', () => {
  it.each(['active', 'inactive'] as const)('once is enough when it comes back %s', async (state) => {
    const { run, creates } = setUp([state]);
    expect([await run(), creates()]).toEqual([state, 1]);
  });

  it('is repeated once, and slowly, when Linq says that it did not complete', async () => {
    const { run, creates, pauses, told } = setUp([answerOf(500, 2022), 'active']);
    expect([await run(), creates(), pauses]).toEqual(['active', 2, [10 * SECOND]]);
    expect(told).toEqual([expect.stringContaining('once more in 10 s')]);
  });

  it('is not repeated when it completed meanwhile', async () => {
    const { run, creates } = setUp([answerOf(500, 2022)], 'active');
    expect([await run(), creates()]).toEqual(['active', 1]);
  });

  it('ends after the second time, with how long to wait', async () => {
    const { run, creates } = setUp([answerOf(500, 2022), answerOf(500, 2022), 'active']);
    await expect(run()).rejects.toThrow(/code 2022.*Wait 10 minutes/);
    expect(creates()).toBe(2);
  });

  it.each([
    ['503 with code 4004', answerOf(503, 4004), '10 minutes'],
    ['503 with code 4004 and Retry-After', answerOf(503, 4004, { retryAfterMs: 420_000 }), '7 minutes'],
    ['429', answerOf(429, 1007, { retryAfterMs: 45_000 }), '45 s'],
    ['429 without Retry-After', answerOf(429, 1007), '10 minutes'],
    ['503 with Retry-After', answerOf(503, null, { retryAfterMs: 600_000 }), '10 minutes'],
    ['the second time 503', [answerOf(500, 2022), answerOf(503, 4004)], '10 minutes'],
  ])('is never repeated when Linq limits it (%s): it says how long to wait', async (_, answers, wait) => {
    const all = [answers].flat();
    const { run, creates } = setUp([...all, 'active']);
    await expect(run()).rejects.toThrow(new RegExp(`limits changes.*Wait ${wait}.*each try`));
    expect(creates()).toBe(all.length);
  });

  it.each([
    ['an answer that got lost', LOST],
    ['another error of Linq’s', answerOf(500, 3006)],
    ['a gateway’s error', answerOf(502, null, { hasEnvelope: false })],
  ])('is not repeated after %s, but looked for', async (_, answer) => {
    const failed = setUp([answer, 'active']);
    await expect(failed.run()).rejects.toThrow();
    expect([failed.creates(), failed.pauses]).toEqual([1, []]);
    const made = setUp([answer], 'inactive');
    expect([await made.run(), made.creates()]).toEqual(['inactive', 1]);
  });

  it('is not repeated when a look shows that it is there', async () => {
    const { run, creates } = setUp([LOST], 'active');
    expect([await run(), creates()]).toEqual(['active', 1]);
  });

  it('is fine when there is one already', async () => {
    const { run, creates } = setUp([answerOf(409, 2014)], 'active');
    expect([await run(), creates()]).toEqual(['active', 1]);
  });

  it.each([answerOf(400, 1002), answerOf(403, 2006), answerOf(400, 5007)])(
    'ends at once when refused',
    async (answer) => {
      const { run, creates } = setUp([answer, 'active']);
      await expect(run()).rejects.toBeInstanceOf(SetupError);
      expect(creates()).toBe(1);
    },
  );
});
