import type { LineView } from '../../status/view/schemas.ts';
import { timeInWords } from '../../status/view/wording.ts';
import type { ServiceCall } from '../call-service.ts';
import type { Screen } from '../terminal/screen.ts';
import { renderTable, wrap } from '../terminal/table.ts';
import { orAbsent, timeOrAbsent } from '../terminal/words.ts';
import { type Register, serviceVerb } from '../verb.ts';

/** `line list` and `line release`. */
export const registerLine: Register = (program, context) => {
  const line = program.command('line').description('look at your lines, and end what holds them');
  const list = line.command('list').description('list your lines with card, chats and hold');
  serviceVerb(list, context, listLines);
  const release = line
    .command('release')
    .description('end what holds a line (not a missing card)')
    .argument('<line>', 'its number, in full or as it is shown');
  serviceVerb(release, context, ([number = '']) => releaseLine(number));
};

function listLines(): ServiceCall<'OverviewSchema'> {
  return {
    method: 'GET',
    path: '/status',
    answer: 'OverviewSchema',
    show: ({ lines }, screen) => ({
      text: lines.length === 0 ? 'No event told of a line yet.\n' : renderLines(lines, screen),
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
      const state = hold === null ? 'Nothing holds it any more.' : `It is still held: ${hold}${end}.`;
      return { text: `${wrap(`Line ${name} is released. ${state}`, width)}\n` };
    },
  };
}

export function renderLines(lines: readonly LineView[], { width }: Screen): string {
  const rows = lines.map(({ line, card, chats, hold, until }) => [
    line,
    card.state,
    timeOrAbsent(card.checkedAt),
    String(chats),
    orAbsent(hold),
    timeOrAbsent(until),
  ]);
  return renderTable(['LINE', 'CARD', 'CARD CHECKED', 'CHATS', 'HOLD', 'UNTIL'], rows, width);
}
