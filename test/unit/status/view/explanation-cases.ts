import type { ChatRecord } from '../../../../src/decide/chat.ts';
import type { Closure } from '../../../../src/decide/holds.ts';
import type { Policy } from '../../../../src/decide/policy.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import type { ShownReason } from '../../../../src/status/view/explanation.ts';
import { chatOf, T } from '../../../helpers/builders.ts';

/** A chat, what it is shown as, and the sentence that goes with it. */
export interface Case {
  readonly state: string;
  readonly reason: ShownReason;
  readonly when: string;
  readonly chat: ChatRecord;
  readonly policy?: Partial<Policy>;
  readonly account?: Closure;
  readonly line?: Closure;
  readonly now?: number;
  readonly says: string;
}

export const NOW = T + HOUR;
const refused = { retiredAt: T + MINUTE } as const;

/** Chats that aren't to be shared, for reasons of their own. */
export const BARRED: readonly Case[] = [
  {
    state: 'retired',
    reason: 'chat_gone',
    when: 'nothing was sent since',
    chat: chatOf({ ...refused, retiredReason: 'chat_gone' }),
    says: "Linq says that this chat doesn't exist or isn't this account's (as of 2026-11-03 16:01:00 UTC); an outbound message in it, or your line being added again, lets it be tried once more.",
  },
  {
    state: 'retired',
    reason: 'chat_gone',
    when: 'a message was sent since',
    chat: chatOf({ ...refused, retiredReason: 'chat_gone', lastOutboundAt: T + 2 * MINUTE }),
    says: "Linq says that this chat doesn't exist or isn't this account's (as of 2026-11-03 16:01:00 UTC); a message was sent in it meanwhile, so it is tried once more at 2026-11-04 16:01:00 UTC (in 23 h 1 min).",
  },
  {
    state: 'retired',
    reason: 'chat_left',
    when: 'an event said so',
    chat: chatOf({ leftAt: T + MINUTE }),
    says: 'Your line has left this chat or was removed from it (as of 2026-11-03 16:01:00 UTC); an outbound message in it, or your line being added again, lets it be tried once more.',
  },
  {
    state: 'retired',
    reason: 'unsupported',
    when: 'Linq refused it',
    chat: chatOf({ ...refused, retiredReason: 'unsupported' }),
    says: "Linq says that this chat can't take a contact card (as of 2026-11-03 16:01:00 UTC); an outbound message in it, or your line being added again, lets it be tried once more.",
  },
  {
    state: 'held',
    reason: 'operator',
    when: 'held',
    chat: chatOf({ operatorHeldAt: T + MINUTE }),
    says: 'Held by an operator since 2026-11-03 16:01:00 UTC; it is shared again once someone releases it.',
  },
  {
    state: 'held',
    reason: 'parked',
    when: 'parked',
    chat: chatOf({ parkedAt: T + MINUTE }),
    says: 'Set aside since 2026-11-03 16:01:00 UTC, after the service went down during several attempts in a row; release the chat to try again.',
  },
  {
    state: 'held',
    reason: 'recipient_blocked',
    when: 'blocked',
    chat: chatOf({ blockedAt: T + MINUTE }),
    says: "Linq says that the recipient is on the account's block list since 2026-11-03 16:01:00 UTC; take them off it, then release the chat.",
  },
  {
    state: 'held',
    reason: 'no_outbound',
    when: 'only inbound is known',
    chat: chatOf({ firstOutboundAt: null, lastOutboundAt: null, lastInboundAt: T }),
    says: 'No outbound message is known yet; the first one that your line sends gets the card shared.',
  },
  {
    state: 'held',
    reason: 'line_excluded',
    when: 'LINQ_LINES lacks the line',
    chat: chatOf(),
    policy: { lines: new Set(['+12025550199']) },
    says: "LINQ_LINES doesn't list this chat's line; add it there and restart the service to share here.",
  },
  {
    state: 'held',
    reason: 'group_excluded',
    when: 'it is a group',
    chat: chatOf({ isGroup: true }),
    policy: { shareGroups: false },
    says: 'This is a group and SHARE_GROUPS is false; set it to true to share here.',
  },
  {
    state: 'held',
    reason: 'group_excluded',
    when: 'not even the API tells',
    chat: chatOf({ isGroup: null, lookedUpAt: T }),
    policy: { shareGroups: false },
    says: 'Whether this is a group is not known and SHARE_GROUPS is false; set it to true to share here.',
  },
  {
    state: 'held',
    reason: 'not_imessage',
    when: 'the last message went by SMS',
    chat: chatOf({ service: 'SMS' }),
    says: 'The latest outbound message went over SMS, and a card can be shared over iMessage only; the next outbound iMessage ends this.',
  },
  {
    state: 'held',
    reason: 'not_imessage',
    when: 'not even the API tells the service',
    chat: chatOf({ service: null, lookedUpAt: T }),
    says: 'Which service carried the latest outbound message is not known, and a card can be shared over iMessage only; the next outbound iMessage ends this.',
  },
  {
    state: 'held',
    reason: 'opted_out',
    when: 'by word',
    chat: chatOf({ optOutWordAt: T + MINUTE }),
    says: "The recipient opted out at 2026-11-03 16:01:00 UTC; their next message that isn't an opt-out word ends this.",
  },
  {
    state: 'held',
    reason: 'opted_out',
    when: 'by health',
    chat: chatOf({ health: 'OPTED_OUT', healthAt: T + MINUTE }),
    says: "The recipient opted out at 2026-11-03 16:01:00 UTC; their next message that isn't an opt-out word, or a better health told by Linq, ends this.",
  },
  {
    state: 'held',
    reason: 'chat_health',
    when: 'critical',
    chat: chatOf({ health: 'CRITICAL', healthAt: T }),
    says: 'Linq rates the health of this chat as CRITICAL; a better rating from Linq ends this.',
  },
  {
    state: 'held',
    reason: 'awaiting_inbound',
    when: 'nobody wrote',
    chat: chatOf(),
    policy: { requireInbound: true },
    says: "The recipient hasn't written yet and REQUIRE_INBOUND is true; their first message ends this.",
  },
  {
    state: 'held',
    reason: 'line_unknown',
    when: 'not even the API tells',
    chat: chatOf({ line: null, lookedUpAt: T }),
    says: 'Which of your lines this chat belongs to is not known; the next event from Linq that tells it ends this.',
  },
];
