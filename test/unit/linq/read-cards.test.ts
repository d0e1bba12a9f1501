import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCards, readCreatedCard } from '../../../src/linq/read.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');
const active = { line: '+12025550100', isActive: true };

describe('readCards', () => {
  it.each([
    ['contact_card.active.json', [active]],
    ['contact_card.inactive.json', [{ line: '+12025550100', isActive: false }]],
    ['contact_card.all-lines.json', [active, { line: '+12025550101', isActive: false }]],
    ['contact_card.none.json', []],
  ])('reads %s', (name, cards) => {
    expect(readCards(fixture(name))).toEqual(cards);
  });

  const card = '{"phone_number":"+12025550100","first_name":"Harbor","is_active":true,"is_new":1}';
  it.each([
    ['a single card in place of the list', `{"contact_cards":${card}}`, [active]],
    ['a bare card', card, [active]],
    ['a bare list', `[${card}]`, [active]],
    ['an empty list written as null', '{"contact_cards":null}', []],
  ])('reads %s', (_, body, cards) => {
    expect(readCards(body)).toEqual(cards);
  });

  it.each(['"true"', '1', 'null', '"active"'])("doesn't take is_active %s for active", (value) => {
    expect(readCards(`{"contact_cards":[{"phone_number":"+12025550100","is_active":${value}}]}`)).toEqual([
      { line: '+12025550100', isActive: false },
    ]);
  });

  it('leaves out a card without a number, and keeps the others', () => {
    expect(readCards(`{"contact_cards":[{"is_active":true},null,7,${card}]}`)).toEqual([active]);
  });

  it.each([
    null,
    '',
    'null',
    '7',
    '{}',
    '{"contact_cards":7}',
    '{"contact_cards":{}}',
    '<html>',
    `{"contact_cards":[${card}`,
  ])('finds no cards in %j', (body) => {
    expect(readCards(body)).toBeNull();
  });
});

it('reads a card that was created, active or not', () => {
  const created = { phone_number: '+12025550100', first_name: 'Ann', is_active: false };
  expect(readCreatedCard(JSON.stringify(created))).toEqual({ line: '+12025550100', isActive: false });
  expect(readCreatedCard('<html>')).toBeNull();
});
