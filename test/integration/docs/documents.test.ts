import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DOCUMENTS, placeOf } from '../../../docs/generate/documents.ts';

it.each(DOCUMENTS)('$path says what the program says', async ({ path, render }) => {
  const hint = `${path} is not what the program says any more: run "npm run docs" and commit the result`;
  expect(readFileSync(placeOf(path), 'utf8'), hint).toBe(await render());
});
