import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCards, readCreatedCard } from '../../../src/linq/read.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');
const digest = expect.any(String);
const active = { line: '+12025550100', isActive: true, digest };

describe('readCards', () => {
  it.each([
    ['contact_card.active.json', [active]],
    ['contact_card.inactive.json', [{ line: '+12025550100', isActive: false, digest }]],
    ['contact_card.all-lines.json', [active, { line: '+12025550101', isActive: false, digest }]],
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
      { line: '+12025550100', isActive: false, digest: null },
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

describe('the digest of a card', () => {
  const first = 'https://cdn.linqapp.com/contact-card/1.jpg';
  const digestOf = (fields: object) =>
    readCards(
      JSON.stringify({ phone_number: '+12025550100', first_name: 'Ann', image_url: first, ...fields }),
    )?.[0]?.digest;

  it.each([
    ['the first name', { first_name: 'Anna' }],
    ['the last name', { last_name: 'Lee' }],
    ['the picture', { image_url: 'https://cdn.linqapp.com/contact-card/2.jpg' }],
    ['a picture that is gone', { image_url: null }],
  ])('differs with %s', (_, fields) => {
    expect(digestOf(fields)).not.toBe(digestOf({}));
  });

  it.each([
    ['a link that was signed again', { image_url: `${first}?Expires=1&Signature=abc#x` }],
    ['an empty last name in place of none', { last_name: '' }],
    ['the state and fields that are new', { is_active: false, updated_at: '2026-11-03T16:00:00Z' }],
  ])('is the same with %s', (_, fields) => {
    expect(digestOf(fields)).toBe(digestOf({}));
  });

  it('holds neither the name nor the picture', () => {
    expect(digestOf({})).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is none if nothing of both is readable', () => {
    expect(digestOf({ first_name: 5, image_url: {} })).toBeNull();
  });
});

it('reads a card that was created, active or not', () => {
  const created = { phone_number: '+12025550100', first_name: 'Ann', is_active: false };
  expect(readCreatedCard(JSON.stringify(created))).toEqual({
    line: '+12025550100',
    isActive: false,
    digest,
  });
  expect(readCreatedCard('<html>')).toBeNull();
});
