import type { ChatRecord } from '../../../../src/decide/chat.ts';
import type { StandingHold } from '../../../../src/decide/holds.ts';
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
  readonly account?: StandingHold;
  readonly line?: StandingHold;
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
    says: 'Linq says that this chat doesn’t exist or isn’t this account’s (as of 2026-11-03 16:01:00 UTC). It is tried once more after an outbound message in it, or when your line is added again.',
  },
  {
    state: 'retired',
    reason: 'chat_gone',
    when: 'a message was sent since',
    chat: chatOf({ ...refused, retiredReason: 'chat_gone', lastOutboundAt: T + 2 * MINUTE }),
    says: 'Linq says that this chat doesn’t exist or isn’t this account’s (as of 2026-11-03 16:01:00 UTC). A message was sent in it since then. Next try: 2026-11-04 16:01:00 UTC (in 23 h 1 min).',
  },
  {
    state: 'retired',
    reason: 'chat_left',
    when: 'an event said so',
    chat: chatOf({ leftAt: T + MINUTE }),
    says: 'Your line has left this chat or was removed from it (as of 2026-11-03 16:01:00 UTC). It is tried once more after an outbound message in it, or when your line is added again.',
  },
  {
    state: 'retired',
    reason: 'unsupported',
    when: 'Linq refused it',
    chat: chatOf({ ...refused, retiredReason: 'unsupported' }),
    says: 'Linq says that contact cards aren’t supported in this chat (as of 2026-11-03 16:01:00 UTC). It is tried once more after an outbound message in it, or when your line is added again.',
  },
  {
    state: 'held',
    reason: 'operator',
    when: 'held',
    chat: chatOf({ operatorHeldAt: T + MINUTE }),
    says: 'Held by an operator since 2026-11-03 16:01:00 UTC. Release the chat to share again.',
  },
  {
    state: 'held',
    reason: 'parked',
    when: 'parked',
    chat: chatOf({ parkedAt: T + MINUTE }),
    says: 'Set aside since 2026-11-03 16:01:00 UTC, after the service went down during several attempts in a row. Release the chat to try again.',
  },
  {
    state: 'held',
    reason: 'recipient_blocked',
    when: 'blocked',
    chat: chatOf({ blockedAt: T + MINUTE }),
    says: 'Linq says that the recipient is on the account’s block list since 2026-11-03 16:01:00 UTC. Remove them from it, then release the chat.',
  },
  {
    state: 'held',
    reason: 'no_outbound',
    when: 'only inbound is known',
    chat: chatOf({ firstOutboundAt: null, lastOutboundAt: null, lastInboundAt: T }),
    says: 'No outbound message is known yet. The card is shared after the first message from your line.',
  },
  {
    state: 'held',
    reason: 'line_excluded',
    when: 'LINQ_LINES lacks the line',
    chat: chatOf(),
    policy: { lines: new Set(['+12025550199']) },
    says: 'LINQ_LINES doesn’t list this chat’s line. Add it and restart the service to share here.',
  },
  {
    state: 'held',
    reason: 'group_excluded',
    when: 'it is a group',
    chat: chatOf({ isGroup: true }),
    policy: { shareGroups: false },
    says: 'This is a group, and SHARE_GROUPS is false. Set it to true to share here.',
  },
  {
    state: 'held',
    reason: 'group_excluded',
    when: 'not even the API tells',
    chat: chatOf({ isGroup: null, lookedUpAt: T }),
    policy: { shareGroups: false },
    says: 'It is not known whether this is a group, and SHARE_GROUPS is false. Set it to true to share here.',
  },
  {
    state: 'held',
    reason: 'not_imessage',
    when: 'the last message went by SMS',
    chat: chatOf({ service: 'SMS' }),
    says: 'The latest outbound message went over SMS; a card can be shared over iMessage only. Sharing resumes with the next outbound iMessage.',
  },
  {
    state: 'held',
    reason: 'not_imessage',
    when: 'not even the API tells the service',
    chat: chatOf({ service: null, lookedUpAt: T }),
    says: 'It is not known which service carried the latest outbound message; a card can be shared over iMessage only. Sharing resumes with the next outbound iMessage.',
  },
  {
    state: 'held',
    reason: 'opted_out',
    when: 'by word',
    chat: chatOf({ optOutWordAt: T + MINUTE }),
    says: 'The recipient opted out at 2026-11-03 16:01:00 UTC. Sharing resumes with their next message that isn’t an opt-out word.',
  },
  {
    state: 'held',
    reason: 'opted_out',
    when: 'by health',
    chat: chatOf({ health: 'OPTED_OUT', healthAt: T + MINUTE }),
    says: 'The recipient opted out at 2026-11-03 16:01:00 UTC. Sharing resumes with their next message that isn’t an opt-out word, or when Linq reports better health.',
  },
  {
    state: 'held',
    reason: 'chat_health',
    when: 'critical',
    chat: chatOf({ health: 'CRITICAL', healthAt: T }),
    says: 'Linq rates the health of this chat as CRITICAL. Sharing resumes when Linq reports better health.',
  },
  {
    state: 'held',
    reason: 'awaiting_inbound',
    when: 'nobody wrote',
    chat: chatOf(),
    policy: { requireInbound: true },
    says: 'The recipient hasn’t written yet, and REQUIRE_INBOUND is true. The card is shared after their first message.',
  },
  {
    state: 'held',
    reason: 'line_unknown',
    when: 'not even the API tells',
    chat: chatOf({ line: null, lookedUpAt: T }),
    says: 'It is not known which of your lines this chat belongs to. Sharing resumes with the next event from Linq that names the line.',
  },
];
