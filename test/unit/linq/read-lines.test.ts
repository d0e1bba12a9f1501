import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readLines } from '../../../src/linq/read.ts';

it.each([null, '', '[]', '{}', '{"phone_numbers":{}}'])('is no list: %j', (body) => {
  expect(readLines(body)).toBeNull();
});

it('reads what Linq documents', () => {
  const fixture = new URL('../../fixtures/linq/api/phone_numbers.list.json', import.meta.url);
  expect(readLines(readFileSync(fixture, 'utf8'))).toEqual(['+12025550100', '+12025550101']);
});

it('takes the numbers, each once, and leaves out what is none', () => {
  const entries = [{ phone_number: '+12025550100', new_field: 1 }, { phone_number: '+12025550100' }];
  const others = [
    null,
    'x',
    {},
    { phone_number: 7 },
    { phone_number: '' },
    { phone_number: '+1202\u200b5550101' },
    { phone_number: '+12025550101' },
  ];
  const body = JSON.stringify({ phone_numbers: [...entries, ...others] });
  expect(readLines(body)).toEqual(['+12025550100', '+12025550101']);
  expect(readLines('{"phone_numbers":[]}')).toEqual([]);
  expect(readLines('{"phone_numbers":null}')).toEqual([]);
});
