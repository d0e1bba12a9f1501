import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readSubscriptions } from '../../../src/linq/read-subscriptions.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');

it('reads where subscriptions lead, whether they are active, and what they carry', () => {
  const subscriptions = readSubscriptions(fixture('webhook_subscriptions.list.json'));
  expect(subscriptions?.map(({ targetUrl, isActive }) => ({ targetUrl, isActive }))).toEqual([
    { targetUrl: 'https://reactor.example.com/webhooks/linq?version=2026-02-03', isActive: true },
    { targetUrl: 'https://old.example.com/hook', isActive: false },
  ]);
  expect(subscriptions?.[0]?.events).toContain('message.sent');
});

it('believes a subscription active, and its events unknown, where Linq leaves them out', () => {
  const list = [null, {}, { target_url: 7 }, { target_url: 'https://a.example' }];
  expect(readSubscriptions(JSON.stringify({ subscriptions: list }))).toEqual([
    { targetUrl: 'https://a.example', isActive: true, events: null },
  ]);
});

it.each([null, '', 'null', '[]', '{}', '<html>'])('finds no list in %j', (body) => {
  expect(readSubscriptions(body)).toBeNull();
});
