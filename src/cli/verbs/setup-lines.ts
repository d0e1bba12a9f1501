import { readSetting } from '../../config/load.ts';
import { lines as linesKind } from '../../config/network-kinds.ts';
import { SETTINGS } from '../../config/settings.ts';
import { UsageError } from '../../errors.ts';
import { cardsOf, type LineCard } from '../../setup/cards.ts';
import { failureOf } from '../../setup/failure.ts';
import { offerCard, tellCards } from './setup-cards.ts';
import type { Account } from './setup-key.ts';
import { adopt, find, type Session, waitFor } from './setup-session.ts';

/**
 * Shows the account's lines with their cards, lets choose among them, and creates cards that are asked for.
 * @returns the lines on which the card is to be shared
 */
export async function setUpLines(session: Session, { linq, lines }: Account): Promise<readonly string[]> {
  const { talk, report, showLine } = session;
  talk.step(2, 'Lines and contact cards');
  const answer = await waitFor(session, linq.contactCards(null));
  if (answer.kind === 'failed') throw failureOf('read the contact cards', answer.answer);
  let cards: readonly LineCard[] = cardsOf(lines, answer.cards);
  if (cards.length === 0) {
    find(session, {
      code: 'lines_none',
      message: 'This account has no line.',
      remedy: 'Get one in the Linq dashboard, then run setup again.',
    });
  } else {
    const rows = cards.map(({ line, card }, index) => [String(index + 1), showLine(line), card]);
    talk.table(['#', 'LINE', 'CARD'], rows);
  }
  const chosen = await chooseLines(session, lines);
  const isChosen = (line: string) => chosen.includes(line);
  checkCardLines(session, cards);
  const created: LineCard[] = [];
  for (const one of cards) created.push(isChosen(one.line) ? await offerCard(session, linq, one) : one);
  cards = created;
  report.lines = cards.map(({ line, card }) => ({ line: showLine(line), card, isChosen: isChosen(line) }));
  tellCards(
    session,
    cards.filter(({ line }) => isChosen(line)),
  );
  return chosen;
}

async function chooseLines(session: Session, all: readonly string[]): Promise<readonly string[]> {
  const { options, values, file, talk, prompter, showLine } = session;
  const { name } = SETTINGS.lines;
  const before = readSetting(SETTINGS.lines, file.sources());
  if (options.lines !== undefined) {
    const chosen = parseChoice(options.lines, all);
    if (typeof chosen === 'string') throw new UsageError(`--lines: ${chosen}.`);
    values[name] = chosen === null ? null : chosen.join(',');
    return chosen ?? all;
  }
  if (before !== null) {
    adopt(session, SETTINGS.lines);
    const unknown = [...before].filter((line) => !all.includes(line));
    if (unknown.length > 0) {
      find(session, {
        code: 'lines_unknown',
        message: `${name} names lines that this account doesn't have: ${unknown.map(showLine).join(', ')}.`,
        remedy: 'Correct it with --lines.',
      });
    }
    const chosen = all.filter((line) => before.has(line));
    talk.note(`Shared on ${chosen.map(showLine).join(', ') || 'none of them'}, as ${name} says.`);
    return chosen;
  }
  if (prompter === null || options.yes === true || all.length < 2) return all;
  for (;;) {
    const chosen = parseChoice(await prompter.ask('  Which? Numbers, or Enter for all: '), all);
    if (typeof chosen === 'string') {
      talk.warn(`${chosen}.`);
      continue;
    }
    if (chosen !== null) values[name] = chosen.join(',');
    return chosen ?? all;
  }
}

/** Lines out of what was typed, as their place in the table or their number; null: all; a text: what is wrong. */
export function parseChoice(text: string, all: readonly string[]): readonly string[] | null | string {
  if (text.trim() === '' || text.trim().toLowerCase() === 'all') return null;
  const numbers = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d{1,3}$/.test(part) ? (all[Number(part) - 1] ?? part) : part));
  const parsed = linesKind.parse(numbers.join(','));
  if ('wrong' in parsed) return `expected ${linesKind.expects}, or all (${parsed.wrong})`;
  const foreign = [...parsed.value].filter((line) => !all.includes(line)).length;
  if (foreign > 0) return `${foreign === 1 ? 'one is' : `${foreign} are`} no line of this account`;
  return [...parsed.value];
}

/** @throws {UsageError} when a card is asked for where none can be, before any is created */
function checkCardLines({ options, prompter, showLine }: Session, cards: readonly LineCard[]): void {
  const wanted = options.createCard ?? [];
  if (wanted.length > 0 && options.firstName === undefined && prompter === null)
    throw new UsageError('The name on the card is missing: give it with --first-name.');
  for (const line of wanted)
    if (!cards.some((one) => one.line === line))
      throw new UsageError(`--create-card: ${showLine(line)} is no line of this account.`);
}
