import { expect, it } from 'vitest';
import { screenOf } from '../../../../src/cli/terminal/screen.ts';
import { renderSummary } from '../../../../src/cli/verbs/doctor.ts';
import { fine, found, skipped } from '../../../../src/doctor/finding.ts';

const FINDINGS = [
  fine('node', 'It is supported.'),
  skipped('service', 'It isn’t running yet.'),
  found('clock_wrong', 'It is wrong.', 'Synchronise it.'),
  found('disk_low', 'Little is left.', 'Free some.'),
];
const screen = (columns: number) => screenOf({ env: {}, isTerminal: true, columns });

it('the summary keeps to the width of the terminal; only the counts are coloured', () => {
  expect(renderSummary(FINDINGS, screen(80))).toBe(
    '\u001b[31m1 error, 1 warning\u001b[0m; 1 check is fine, 1 skipped.\n',
  );
  expect(renderSummary(FINDINGS, screen(30))).toBe(
    '\u001b[31m1 error, 1 warning\u001b[0m; 1 check is\nfine, 1 skipped.\n',
  );
});
