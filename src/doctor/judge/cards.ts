import { maskNumber } from '../../mask.ts';
import { type Finding, fine, found } from '../finding.ts';

export interface SeenCard {
  readonly line: string;
  readonly isActive: boolean;
}

/** One finding for each line that can't share, one for all that can. @param lines those that we share on */
export function judgeCards(lines: readonly string[], cards: readonly SeenCard[]): readonly Finding[] {
  const stateOf = (line: string) => {
    const own = cards.filter((card) => card.line === line);
    if (own.length === 0) return 'missing';
    return own.some(({ isActive }) => isActive) ? 'active' : 'inactive';
  };
  const active = lines.filter((line) => stateOf(line) === 'active').map(maskNumber);
  const troubles = lines.flatMap((line) => {
    const state = stateOf(line);
    return state === 'active' ? [] : [describe(maskNumber(line), state)];
  });
  if (active.length === 0) return troubles;
  const has = active.length === 1 ? 'has an active card' : 'have an active card';
  return [...troubles, fine('cards', `${active.join(', ')} ${has}.`, { active })];
}

function describe(line: string, state: 'missing' | 'inactive'): Finding {
  if (state === 'missing') {
    return found(
      'card_missing',
      `${line} has no contact card, so nothing can be shared in its chats.`,
      `Set one up for the line in the Linq dashboard, or with \`contact-card-reactor setup\`. The service looks again every 2 minutes and goes on by itself.`,
      { line },
    );
  }
  return found(
    'card_inactive',
    `The contact card of ${line} isn't active, so its chats wait.`,
    'Linq activates a new card by itself, as a rule within minutes. If it stays inactive, set it up again in the Linq dashboard. The service looks again every 2 minutes.',
    { line },
  );
}
