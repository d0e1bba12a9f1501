import type { LineView } from '../../status/view/schemas.ts';
import { timeInWords } from '../../status/view/wording.ts';
import type { ServiceCall } from '../call-service.ts';
import type { Screen } from '../terminal/screen.ts';
import { renderTable, wrap } from '../terminal/table.ts';
import { orAbsent, timeOrAbsent } from '../terminal/values.ts';
import { type Register, serviceVerb } from '../verb.ts';

/** `line list` and `line release`. */
export const registerLine: Register = (program, context) => {
  const line = program.command('line').description('list your lines, and end their holds');
  const list = line.command('list').description('list your lines with their cards, chats and holds');
  serviceVerb(list, context, listLines);
  const release = line
    .command('release')
    .description('end a line’s hold and recheck its card')
    .argument('<line>', 'its number, in full or as shown');
  serviceVerb(release, context, ([number = '']) => releaseLine(number));
};

function listLines(): ServiceCall<'OverviewSchema'> {
  return {
    method: 'GET',
    path: '/status',
    answer: 'OverviewSchema',
    show: ({ lines }, screen) => ({
      text: lines.length === 0 ? 'No lines known yet.\n' : renderLines(lines, screen),
      json: lines,
    }),
  };
}

function releaseLine(line: string): ServiceCall<'LineSchema'> {
  return {
    method: 'DELETE',
    path: `/status/lines/${encodeURIComponent(line)}/hold`,
    answer: 'LineSchema',
    show: ({ line: name, hold, until }, { width }) => {
      const end = until === null ? '' : ` until ${timeInWords(Date.parse(until))}`;
      return { text: `${wrap(describeHold(name, hold, end), width)}\n` };
    },
  };
}

export function renderLines(lines: readonly LineView[], { width }: Screen): string {
  const changed = lines.flatMap(({ line, card: { changedAt, sharedAgain, left } }) =>
    changedAt === null
      ? []
      : `The card of ${line} changed at ${timeInWords(Date.parse(changedAt))}. Shared again: ${sharedAgain ?? 0}; left: ${left ?? 'not counted yet'}.`,
  );
  const rows = lines.map(({ line, card, chats, hold, until }) => [
    line,
    card.state,
    timeOrAbsent(card.checkedAt),
    String(chats),
    orAbsent(hold),
    timeOrAbsent(until),
  ]);
  const table = renderTable(['LINE', 'CARD', 'CARD CHECKED', 'CHATS', 'HOLD', 'UNTIL'], rows, width);
  return [table, ...changed.map((sentence) => `${wrap(sentence, width)}\n`)].join('');
}

/** The result of a release: the card was rechecked, and Linq may still hold the line. */
function describeHold(line: string, hold: string | null, end: string): string {
  if (hold === null) return `Line ${line} is released.`;
  const [, card] = /^card_(missing|inactive)$/.exec(hold) ?? [];
  return card === undefined
    ? `Line ${line} is still held: ${hold}${end}.`
    : `Rechecked line ${line}: its card is still ${card}.`;
}
