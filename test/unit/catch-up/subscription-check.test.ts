import { expect, it } from 'vitest';
import { decideSubscription } from '../../../src/catch-up/subscription-check.ts';

const PUBLIC_URL = 'https://Reactor.example.com/webhooks/linq';
const subscriptionOf = (
  targetUrl: string,
  more: { isActive?: boolean; events?: readonly string[] | null } = {},
) => ({
  targetUrl,
  isActive: true,
  events: ['message.sent', 'message.received'],
  ...more,
});

it.each([
  'https://reactor.example.com/webhooks/linq',
  'https://REACTOR.example.com/webhooks/linq?version=2026-02-03',
  'https://reactor.example.com:443/webhooks/linq/?version=2025-01-01&x=1',
])('%s leads to us', (targetUrl) => {
  expect(decideSubscription([subscriptionOf(targetUrl)], PUBLIC_URL)).toBe('fine');
  expect(decideSubscription([subscriptionOf(targetUrl, { isActive: false })], PUBLIC_URL)).toBe('inactive');
});

it.each([
  'https://reactor.example.com/webhooks',
  'https://reactor.example.com/Webhooks/linq',
  'https://reactor.example.com:8443/webhooks/linq',
  'http://reactor.example.com/webhooks/linq',
  'https://other.example.com/webhooks/linq',
  'not an address',
])('%s leads elsewhere', (targetUrl) => {
  expect(decideSubscription([subscriptionOf(targetUrl)], PUBLIC_URL)).toBe('missing');
});

it('is missing when it carries no message.sent, and believed to carry it when Linq does not say', () => {
  const deaf = subscriptionOf(PUBLIC_URL, { events: ['message.received'] });
  expect(decideSubscription([deaf], PUBLIC_URL)).toBe('missing');
  expect(decideSubscription([subscriptionOf(PUBLIC_URL, { events: null })], PUBLIC_URL)).toBe('fine');
});

it('is fine if one of several is', () => {
  const inactive = subscriptionOf(`${PUBLIC_URL}?version=2025-01-01`, { isActive: false });
  const deaf = subscriptionOf(`${PUBLIC_URL}?x=1`, { events: [] });
  expect(decideSubscription([inactive, deaf, subscriptionOf(PUBLIC_URL)], PUBLIC_URL)).toBe('fine');
  expect(decideSubscription([deaf, inactive], PUBLIC_URL)).toBe('inactive');
  expect(decideSubscription([], PUBLIC_URL)).toBe('missing');
});
