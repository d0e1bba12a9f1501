import { expect, it } from 'vitest';
import { PROBLEM_WORDS } from '../../../src/status/problem-words.ts';
import { run } from '../cli/terminal.ts';

const named = Object.entries(PROBLEM_WORDS).flatMap(([code, { message, remedy }]) =>
  [...`${message} ${remedy}`.matchAll(/`([^`]+)`/g)].map(([, verb = '']) => ({ code, verb })),
);

it.each(named)('the verb of a remedy is there: $code names $verb', async ({ verb }) => {
  const words = verb.split(' ').filter((word) => /^[a-z-]+$/.test(word));
  const { code, out } = await run(`${verb} --help`);
  expect(code).toBe(0);
  expect(out).toContain(`Usage: contact-card-reactor ${words[0]}`);
});
