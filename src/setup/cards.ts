import { type ContactCard, cardStateOf, type KnownCardState } from '../decide/holds.ts';
import type { CallFailed, NewCard } from '../decide/linq-api.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import { SetupError } from '../errors.ts';
import { detailsOf, failureOf, waitInWords } from './failure.ts';

export interface LineCard {
  readonly line: string;
  readonly card: KnownCardState;
}

export interface CardPorts {
  readonly linq: {
    contactCards(
      line: string | null,
    ): Promise<{ readonly kind: 'cards'; readonly cards: readonly ContactCard[] } | CallFailed>;
    createContactCard(
      card: NewCard,
    ): Promise<{ readonly kind: 'card'; readonly card: ContactCard } | CallFailed>;
  };
  /** Resolves after this time. */
  readonly pause: (ms: number) => Promise<void>;
  readonly notify: (text: string) => void;
}

/** Each line with its known card state. */
export function cardsOf(lines: readonly string[], cards: readonly ContactCard[]): LineCard[] {
  return lines.map((line) => ({ line, card: cardStateOf(line, cards) }));
}

const CARD_EXISTS = 2014;
/** The setup did not complete: the only failure that Linq asks clients to retry. */
const NOT_COMPLETED = 2022;
/** The upstream write is limited. */
const UPSTREAM_LIMITED = 4004;

const REPEAT_AFTER_MS = 10 * SECOND;
/** Linq accepts 3 changes of a line's card in this time; each further one extends the limit. */
const LIMIT_MS = 10 * MINUTE;

/**
 * Creates a line's card. Linq limits card changes tightly, so only a setup that did not complete is retried,
 * once and slowly. If a response was lost, a read shows what happened.
 * @throws {ReactorError} when Linq refuses or limits it, or still hasn't completed it
 */
export async function createCard(ports: CardPorts, card: NewCard): Promise<KnownCardState> {
  const { linq, pause, notify } = ports;
  const first = await linq.createContactCard(card);
  if (first.kind === 'card') return stateAlone(first.card);
  if (codeOf(first.answer) !== NOT_COMPLETED) return settle(ports, card, first.answer);
  notify(`Linq did not complete it. Trying once more in ${waitInWords(REPEAT_AFTER_MS)}.`);
  await pause(REPEAT_AFTER_MS);
  if ((await look(ports, card)) === 'active') return 'active';
  const second = await linq.createContactCard(card);
  return second.kind === 'card' ? stateAlone(second.card) : settle(ports, card, second.answer);
}

/** Handles a failed create. @throws {ReactorError} unless the card exists after all */
async function settle(ports: CardPorts, card: NewCard, answer: LinqAnswer): Promise<KnownCardState> {
  if (isLimited(answer)) throw limited(answer);
  const exists = codeOf(answer) === CARD_EXISTS;
  if (exists || mayHaveArrived(answer)) {
    const state = await look(ports, card);
    if (state !== 'missing') return state;
  }
  if (exists) return 'active'; // Linq refuses a second card only once the first is active
  if (codeOf(answer) === NOT_COMPLETED) throw limited(answer);
  throw failureOf('create the card', answer);
}

function codeOf(answer: LinqAnswer): number | null {
  return answer.kind === 'answered' ? answer.linqCode : null;
}

function isLimited(answer: LinqAnswer): boolean {
  return codeOf(answer) === UPSTREAM_LIMITED || classifyAnswer(answer).kind === 'rate_limited';
}

function mayHaveArrived(answer: LinqAnswer): boolean {
  return answer.kind === 'answered' ? answer.httpStatus >= 500 : answer.mayHaveArrived;
}

function limited(answer: LinqAnswer): SetupError {
  const what = isLimited(answer) ? 'limits changes to this line’s card' : 'did not complete the card, twice';
  const [said, askedMs] =
    answer.kind === 'answered' ? [` (${detailsOf(answer)})`, answer.retryAfterMs] : ['', null];
  return new SetupError(
    `Linq ${what}${said}. Wait ${waitInWords(askedMs ?? LIMIT_MS)} before you run setup again: each try before that makes the wait longer.`,
  );
}

async function look({ linq }: CardPorts, { line }: NewCard): Promise<KnownCardState> {
  const seen = await linq.contactCards(line);
  return seen.kind === 'cards' ? cardStateOf(line, seen.cards) : 'missing';
}

const stateAlone = ({ isActive }: ContactCard): KnownCardState => (isActive ? 'active' : 'inactive');
