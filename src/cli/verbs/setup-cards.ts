import type { LinqClient } from '../../linq/client.ts';
import { createCard, type LineCard, type NewCard } from '../../setup/cards.ts';
import { confirm, find, pause, type Session, waitFor } from './setup-session.ts';

/** Creates the line's card if that is asked for, on the command line or now. */
export async function offerCard(session: Session, linq: LinqClient, one: LineCard): Promise<LineCard> {
  const { options, talk, showLine } = session;
  const { line, card } = one;
  const isWanted = options.createCard?.includes(line) === true;
  if (isWanted && card === 'active')
    talk.note(`${showLine(line)} has an active card already: nothing to create.`);
  if (card === 'active' || (!isWanted && card === 'inactive')) return one;
  if (!isWanted && !(await confirm(session, `Create a card for ${showLine(line)}?`, false))) return one;
  const wanted = await describeCard(session, line);
  if (options.dryRun === true) {
    talk.note(`Would create the card of ${showLine(line)}.`);
    return one;
  }
  const ports = { linq, pause: (ms: number) => pause(session, ms), tell: talk.note };
  const state = await waitFor(session, createCard(ports, wanted));
  if (state === 'active') talk.done(`${showLine(line)} has its card, and it is active.`);
  else talk.done(`${showLine(line)} has its card; Linq is still putting it on the line.`);
  return { line, card: state };
}

async function describeCard({ options, prompter, talk }: Session, line: string): Promise<NewCard> {
  const { firstName, lastName, imageUrl } = options;
  if (firstName !== undefined || prompter === null)
    return assemble(line, firstName ?? '', lastName, imageUrl);
  let typed = '';
  while (typed === '') typed = await prompter.ask('  First name on the card: ');
  const last = lastName ?? (await prompter.ask('  Last name (Enter: none): '));
  let image = imageUrl ?? (await prompter.ask('  Image address (Enter: none): '));
  while (image !== '' && !isHttps(image)) {
    talk.warn(`${HTTPS_WANTED}.`);
    image = await prompter.ask('  Image address (Enter: none): ');
  }
  return assemble(line, typed, last, image);
}

function assemble(line: string, firstName: string, lastName = '', imageUrl = ''): NewCard {
  return {
    line,
    firstName,
    ...(lastName === '' ? {} : { lastName }),
    ...(imageUrl === '' ? {} : { imageUrl }),
  };
}

export const HTTPS_WANTED = 'expected the https:// address of a public image: Linq takes a copy of it';
export const isHttps = (text: string) => URL.canParse(text) && new URL(text).protocol === 'https:';

/** Tells of lines whose card can't be shared, and what to do about it. */
export function tellCards(session: Session, cards: readonly LineCard[]): void {
  const { showLine } = session;
  const of = (state: LineCard['card']) =>
    cards.filter(({ card }) => card === state).map(({ line }) => showLine(line));
  const missing = of('missing');
  const inactive = of('inactive');
  if (missing.length > 0) {
    find(session, {
      code: 'card_missing',
      message: `No card, so nothing to share: ${missing.join(', ')}.`,
      remedy:
        'Create it in the Linq dashboard (the line’s contact card), or with setup --create-card LINE --first-name NAME. Sharing begins by itself once it is active.',
    });
  }
  if (inactive.length > 0) {
    find(session, {
      code: 'card_inactive',
      message: `A card that is not on the line yet, so nothing is shared: ${inactive.join(', ')}.`,
      remedy:
        'Linq does that within minutes as a rule. If it doesn’t, save the card once more in the Linq dashboard, or with setup --create-card.',
    });
  }
}
