import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCreated, readSubscription, readSubscriptions } from '../../../src/linq/read.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');

it('reads where subscriptions lead, whether they are active, and what they carry', () => {
  const subscriptions = readSubscriptions(fixture('webhook_subscriptions.list.json'));
  expect(subscriptions?.map(({ targetUrl, isActive }) => ({ targetUrl, isActive }))).toEqual([
    { targetUrl: 'https://reactor.example.com/webhooks/linq?version=2026-02-03', isActive: true },
    { targetUrl: 'https://old.example.com/hook', isActive: false },
  ]);
  expect(subscriptions?.[0]?.events).toContain('message.sent');
  expect(subscriptions?.map(({ subscriptionId, lines }) => [subscriptionId, lines])).toEqual([
    ['4a63ca45-4a10-4118-8672-8a726dc8aeaa', null],
    ['55dd43d3-8d0b-412c-8c1a-ec7d91a3d8c2', ['+12025550100']],
  ]);
});

it('believes a subscription active, and its events unknown, where Linq leaves them out', () => {
  const list = [null, {}, { target_url: 7 }, { target_url: 'https://a.example' }];
  expect(readSubscriptions(JSON.stringify({ subscriptions: list }))).toEqual([
    { subscriptionId: null, targetUrl: 'https://a.example', isActive: true, events: null, lines: null },
  ]);
});

it.each(['', 'a b', 'a.\nLINQ_API_BASE_URL=https://b.example', 'a\u001b[31m', 'a\u009b', 'a'.repeat(129)])(
  'takes %j for no id: it would end up in the settings file and on the terminal',
  (id) => {
    const body = { id, target_url: 'https://a.example', signing_secret: `whsec_${'a'.repeat(43)}=` };
    expect(readCreated(JSON.stringify(body))).toBeNull();
    expect(readSubscription(JSON.stringify(body))?.subscriptionId).toBeNull();
  },
);

it('takes a list that is null for an empty one, as Go writes it', () => {
  expect(readSubscriptions('{"subscriptions":null}')).toEqual([]);
  const one = { target_url: 'https://a.example', subscribed_events: null, phone_numbers: null };
  expect(readSubscription(JSON.stringify(one))).toMatchObject({ events: [], lines: null });
});

it('leaves out what is odd in a list, and keeps the rest', () => {
  const subscribed_events = ['message.sent', 7, null];
  const phone_numbers = ['+12025550100', {}, '+1202\u202e5550101'];
  const one = { target_url: 'https://a.example', subscribed_events, phone_numbers };
  expect(readSubscription(JSON.stringify(one))).toMatchObject({
    events: ['message.sent'],
    lines: ['+12025550100'],
  });
});

it.each([null, '', 'null', '[]', '{}', '<html>'])('finds no list in %j', (body) => {
  expect(readSubscriptions(body)).toBeNull();
});

describe('a subscription that was created', () => {
  const created: object = JSON.parse(fixture('webhook_subscriptions.create-201.json'));

  it('comes with its secret', () => {
    expect(readCreated(JSON.stringify(created))).toMatchObject({
      subscription: { subscriptionId: '4a63ca45-4a10-4118-8672-8a726dc8aeaa', isActive: true, lines: null },
      signingSecret: 'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAXRlA=',
    });
  });

  it.each([
    undefined,
    null,
    '',
    7,
    'secret',
    'whsec_',
    'whsec_short',
    'whsec_aPlbNKJRU8iekHIyc5UGk0UIguq5T5BiwFG57aAX\nlA=',
  ])('has no secret of use in %j', (signing_secret) => {
    const body = JSON.stringify({ ...created, signing_secret });
    expect(readCreated(body)).toMatchObject({ signingSecret: null });
  });

  it('is nothing to go on with without an id', () => {
    expect(readCreated(JSON.stringify({ ...created, id: null }))).toBeNull();
    expect(readCreated('<html>')).toBeNull();
  });

  it('is limited to no line when its list of lines is empty', () => {
    expect(readSubscription(JSON.stringify({ ...created, phone_numbers: [] }))?.lines).toBeNull();
  });
});
