import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/answer.ts';
import { SetupError } from '../../../src/errors.ts';
import { type CardState, cardsOf, createCard } from '../../../src/setup/cards.ts';
import { answerOf, silenceOf } from '../../helpers/builders.ts';

const LINE = '+12025550100';
const LOST = silenceOf();
const UNSENT = silenceOf(false);

/** @param answers to each create in turn: the state of the card that came back, or what went wrong */
function setUp(answers: readonly (CardState | LinqAnswer)[], seen: CardState = 'missing') {
  let creates = 0;
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
        pause: async () => {},
        tell: () => {},
      },
      { line: LINE, firstName: 'Ann' },
    );
  return { run, creates: () => creates };
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

  it('is repeated while Linq says that it did not complete', async () => {
    const { run, creates } = setUp([answerOf(500, 2022), answerOf(500, 2022), 'active']);
    expect([await run(), creates()]).toEqual(['active', 3]);
  });

  it('is not repeated when a look shows that it is there', async () => {
    const { run, creates } = setUp([LOST], 'active');
    expect([await run(), creates()]).toEqual(['active', 1]);
  });

  it('is fine when there is one already', async () => {
    const { run, creates } = setUp([answerOf(409, 2014)], 'active');
    expect([await run(), creates()]).toEqual(['active', 1]);
  });

  it('ends after three times', async () => {
    const { run, creates } = setUp([answerOf(500, 2022), LOST, answerOf(500, 2022), 'active']);
    await expect(run()).rejects.toThrow(/code 2022/);
    expect(creates()).toBe(3);
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
