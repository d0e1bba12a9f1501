import fc from 'fast-check';
import { type ChatRecord, newChat } from '../../../src/decide/chat.ts';
import type { ChatEvent, LineEvent } from '../../../src/decide/event.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { DAY, HOUR, SECOND } from '../../../src/decide/time.ts';
import { LINE, OTHER_LINE, T } from '../../helpers/builders.ts';

/** Few instants close together, so that ties and every order of two are met often. */
const closeAt = fc.integer({ min: T, max: T + 6 });
const option = <V>(arb: fc.Arbitrary<V>) => fc.option(arb, { nil: null });
/** Null but one time in thirteen: most chats have few troubles, and what comes after trouble is to be met too. */
const rarely = <V>(arb: fc.Arbitrary<V>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: arb });
const mostly = <V>(usual: V, arb: fc.Arbitrary<V>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: arb });

const lines = fc.constantFrom(LINE, OTHER_LINE);
const services = fc.constantFrom('iMessage', 'imessage', 'SMS', 'RCS', 'Pigeon');
const healths = fc.constantFrom('HEALTHY', 'AT_RISK', 'CRITICAL', 'OPTED_OUT', 'NEW', 'OTHER');

export const chatEvents: fc.Arbitrary<ChatEvent> = fc.record({
  kind: fc.constant('chat' as const),
  chatId: fc.constant('chat-1'),
  outbound: option(
    fc.record({ at: closeAt, line: option(lines), service: option(services), isGroup: option(fc.boolean()) }),
  ),
  inbound: option(fc.record({ at: closeAt, isOptOut: option(fc.boolean()) })),
  health: option(fc.record({ status: healths, at: closeAt })),
  leftAt: option(closeAt),
  joinedAt: option(closeAt),
});

export const lineEvents: fc.Arbitrary<LineEvent> = fc.record({
  kind: fc.constant('line' as const),
  line: fc.constant(LINE),
  at: closeAt,
  status: option(fc.constantFrom('ACTIVE', 'FLAGGED', 'NEW')),
  reputation: option(healths),
});

export const policies: fc.Arbitrary<Policy> = fc.record({
  windowMs: fc.constantFrom(SECOND, DAY, 3 * DAY),
  reshare: fc.constantFrom('daily' as const, 'daily' as const, 'active' as const, 'once' as const),
  idleAfterMs: fc.constantFrom(0, 0, HOUR, DAY, 7 * DAY),
  maxSharesPerChat: fc.constantFrom(0, 0, 0, 2),
  reshareOnCardChange: fc.boolean(),
  requireInbound: mostly(false, fc.boolean()),
  shareGroups: mostly(true, fc.boolean()),
  holdAtRisk: fc.boolean(),
  lines: rarely(fc.constantFrom(new Set([LINE]), new Set([OTHER_LINE]))),
  dryRun: fc.boolean(),
});

/** An instant of the past days, mostly on round distances from `T` so that ends of windows meet each other. */
const past = fc.oneof(
  fc.integer({ min: 0, max: 8 * 24 }).map((hours) => T - hours * HOUR),
  fc.integer({ min: T - 8 * DAY, max: T }),
);
/** As `past`, but up to some hours ahead: other people's clocks. */
const told = fc.oneof(
  { weight: 4, arbitrary: past },
  { weight: 1, arbitrary: fc.integer({ min: T - 5, max: T + 5 }) },
);
const future = fc.oneof(
  fc.integer({ min: 1, max: 50 }).map((hours) => T + hours * HOUR),
  fc.integer({ min: T + 1, max: T + 2 * DAY }),
);

const facts = {
  line: mostly<string | null>(LINE, option(lines)),
  lineAt: option(told),
  service: mostly<string | null>('iMessage', option(services)),
  serviceAt: option(told),
  isGroup: option(fc.boolean()),
  isGroupAt: option(told),
  lastOutboundAt: fc.oneof({ weight: 12, arbitrary: told }, { weight: 1, arbitrary: fc.constant(null) }),
  lastInboundAt: option(told),
  optOutWordAt: rarely(told),
  optedInAt: option(told),
  health: mostly<string | null>(null, healths),
  healthAt: told,
  leftAt: rarely(told),
  joinedAt: option(told),
};

const history = {
  lastSharedAt: option(past),
  shareCount: fc.integer({ min: 0, max: 3 }),
  uncertainAt: option(past),
  dryRunAt: option(past),
  retiredAt: rarely(past),
  retiredReason: fc.constantFrom('chat_gone' as const, 'chat_left' as const, 'unsupported' as const),
  optOutRefusedAt: rarely(past),
  operatorHeldAt: rarely(past),
  parkedAt: rarely(past),
  blockedAt: rarely(past),
  failures: fc.integer({ min: 0, max: 20 }),
  retryAt: option(fc.oneof(past, future)),
  retryReason: fc.constantFrom('backoff' as const, 'rejected' as const),
  interruptions: fc.integer({ min: 0, max: 3 }),
  lookedUpAt: option(past),
  restoredAt: rarely(past),
  cardChangedAt: option(past),
};

const stored = {
  state: fc.constantFrom('due' as const, 'waiting' as const, 'held' as const, 'retrying' as const),
  nextAttemptAt: option(fc.oneof(past, future)),
};

/** Any chat that can be on record at `T`, with more trouble than most have. */
export const chats: fc.Arbitrary<ChatRecord> = fc
  .record({ ...facts, ...history, ...stored })
  .map((parts) => ({
    ...newChat('chat-1'),
    ...parts,
    healthAt: parts.health === null ? null : parts.healthAt,
    firstOutboundAt: parts.lastOutboundAt,
    lastShareStartedAt: parts.lastSharedAt === null ? null : parts.lastSharedAt - 100,
    shareCount: parts.lastSharedAt === null ? 0 : parts.shareCount + 1,
    retiredReason: parts.retiredAt === null ? null : parts.retiredReason,
    retryReason: parts.retryAt === null ? null : parts.retryReason,
  }));
