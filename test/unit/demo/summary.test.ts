import { expect, it } from 'vitest';
import { tabulate } from '../../../src/demo/review.ts';
import { blame } from '../../../src/demo/run-demo.ts';
import { CAST, NAMES } from '../../../src/demo/stage.ts';

it('shows one chat a line in columns that fit a terminal, numbers to the right', () => {
  const chats = NAMES.map((name, index) => ({
    name,
    chatId: 'c',
    service: CAST[name].service,
    isGroup: CAST[name].isGroup,
    shares: index + 5,
    promptedAt: Array.from({ length: index + 5 }, () => ''),
    state: index === 0 ? null : 'retrying',
    reason: index === 0 ? null : 'no_recent_outbound',
  }));
  const lines = tabulate(chats).split('\n');
  expect(lines).toHaveLength(NAMES.length + 1);
  expect(lines.slice(0, 4)).toEqual([
    'chat       service         shares  prompts  state     reason',
    'Ada        iMessage             5        5  –         –',
    'Ben        SMS                  6        6  retrying  no_recent_outbound',
    'book club  iMessage group       7        7  retrying  no_recent_outbound',
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
});

it('blames the service for a broken promise only if the machine was never too busy to keep it', () => {
  expect(blame(200)).toMatch(/^That is a fault of the service\./);
  expect(blame(2_345)).toMatch(
    /^Either this machine was too busy, since it once stood still for 2\.3 s, or /,
  );
});
