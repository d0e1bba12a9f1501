import type { LinqAnswer } from '../decide/answer.ts';
import { failureOf } from './failure.ts';

export type CardState = 'active' | 'inactive' | 'missing';

export interface LineCard {
  readonly line: string;
  readonly card: CardState;
}

interface Card {
  readonly line: string;
  readonly isActive: boolean;
}

export interface NewCard {
  readonly line: string;
  readonly firstName: string;
  readonly lastName?: string;
  readonly imageUrl?: string;
}

interface Failed {
  readonly kind: 'failed';
  readonly answer: LinqAnswer;
}

export interface CardPorts {
  readonly linq: {
    contactCards(
      line: string | null,
    ): Promise<{ readonly kind: 'cards'; readonly cards: readonly Card[] } | Failed>;
    createContactCard(card: NewCard): Promise<{ readonly kind: 'card'; readonly card: Card } | Failed>;
  };
  /** Resolves after a few seconds. */
  readonly pause: () => Promise<void>;
  readonly tell: (text: string) => void;
}

/** Each line with what is known of its card. */
export function cardsOf(lines: readonly string[], cards: readonly Card[]): LineCard[] {
  return lines.map((line) => ({ line, card: stateOf(line, cards) }));
}

const CARD_EXISTS = 2014;
const TRIES = 3;

/**
 * Creates a line's card, and looks before each repetition whether one is there: Linq asks to repeat a setup that did
 * not complete (500, code 2022), and an answer can get lost.
 * @throws {ReactorError} when Linq refuses, or still hasn't done it after three times
 */
export async function createCard({ linq, pause, tell }: CardPorts, card: NewCard): Promise<CardState> {
  for (let tries = 1; ; tries++) {
    const answer = await linq.createContactCard(card);
    if (answer.kind === 'card') return answer.card.isActive ? 'active' : 'inactive';
    const isOver = tries === TRIES || !isWorthRepeating(answer.answer);
    const hasCard = answer.answer.kind === 'answered' && answer.answer.linqCode === CARD_EXISTS;
    if (isOver && !hasCard) throw failureOf('create the card', answer.answer);
    const seen = await linq.contactCards(card.line);
    const state = seen.kind === 'cards' ? stateOf(card.line, seen.cards) : 'missing';
    if (state === 'active' || hasCard) return state === 'missing' ? 'active' : state;
    tell('Linq has not completed it yet: trying again.');
    await pause();
  }
}

function isWorthRepeating(answer: LinqAnswer): boolean {
  return answer.kind === 'answered' ? answer.httpStatus >= 500 : answer.mayHaveArrived;
}

function stateOf(line: string, cards: readonly Card[]): CardState {
  const own = cards.filter((card) => card.line === line);
  if (own.some(({ isActive }) => isActive)) return 'active';
  return own.length > 0 ? 'inactive' : 'missing';
}
