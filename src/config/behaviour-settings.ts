import { boolean, duration, oneOf, rate, wholeNumber } from './kinds.ts';
import { setting } from './setting.ts';

/** Settings that say which chats get the card, when, and how fast. */
export const BEHAVIOUR_SETTINGS = {
  window: setting(
    'SHARE_WINDOW',
    '24h',
    duration('1s', '365d'),
    'Time between two shares of a chat; below 24h only against an API on this machine.',
    'SHARE_WINDOW=24h',
  ),
  reshare: setting(
    'RESHARE_POLICY',
    'daily',
    oneOf('daily', 'active', 'once'),
    'daily: again at each lapse; active: only if something was sent since; once: never again.',
    'RESHARE_POLICY=daily',
  ),
  idleAfter: setting(
    'RESHARE_IDLE_AFTER',
    '7d',
    duration('1s', '3650d', 'never'),
    'A chat without outbound message for so long is left alone until the next one.',
    'RESHARE_IDLE_AFTER=7d',
  ),
  maxShares: setting(
    'MAX_SHARES_PER_CHAT',
    '0',
    wholeNumber(0, 1_000_000),
    'Most shares a chat ever gets; 0: no limit.',
    'MAX_SHARES_PER_CHAT=3',
  ),
  requireInbound: setting(
    'REQUIRE_INBOUND',
    'false',
    boolean,
    'Share only once the recipient has written, as Linq recommends.',
    'REQUIRE_INBOUND=true',
  ),
  shareGroups: setting('SHARE_GROUPS', 'true', boolean, 'Share in group chats too.', 'SHARE_GROUPS=false'),
  holdAtRisk: setting(
    'HOLD_AT_RISK',
    'false',
    boolean,
    'Hold chats whose health is AT_RISK.',
    'HOLD_AT_RISK=true',
  ),
  concurrency: setting(
    'SHARE_CONCURRENCY',
    '16',
    wholeNumber(1, 256),
    'Most share calls at once.',
    'SHARE_CONCURRENCY=16',
  ),
  ratePerLine: setting(
    'SHARE_RATE_PER_LINE',
    '2',
    rate('share calls per second and line', 1_000),
    'So that a backlog drains steadily; 0: no limit.',
    'SHARE_RATE_PER_LINE=2',
  ),
  cardTtl: setting(
    'CARD_TTL',
    '10m',
    duration('1s', '7d'),
    'How long a look at a line’s card is believed.',
    'CARD_TTL=10m',
  ),
  catchUpEvery: setting(
    'CATCH_UP_EVERY',
    '6h',
    duration('1s', '30d', 'never by itself'),
    'How often to read from the API what webhooks missed.',
    'CATCH_UP_EVERY=6h',
  ),
  dryRun: setting(
    'DRY_RUN',
    'false',
    boolean,
    'Decide and record everything, but call nothing.',
    'DRY_RUN=true',
  ),
} as const;
