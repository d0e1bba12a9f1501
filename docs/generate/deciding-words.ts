import { ACCOUNT_HOLDS, CARD_HOLDS, LINE_HOLDS } from '../../src/decide/holds.ts';

const inOrder = (reasons: readonly string[]) => reasons.map((reason) => `\`${reason}\``).join(', ');

/** `docs/deciding.md` without its examples. */
export const DECIDING = `# How deciding works

For every chat the service stores a few facts. From them it decides one *state*, one *reason*, and when to look again. The decision is
a pure function: the same facts, settings and time always give the same answer. \`contact-card-reactor chat show CHAT_ID\`,
\`GET /status/chats/{chatId}\` and the chat's page show it with a sentence.

## The facts about a chat

| fact | comes from |
|---|---|
| line, service, group or not | the latest outbound message |
| first and latest outbound message | \`message.sent\`, \`message.delivered\` or \`message.read\` of an outbound message, by the message's own time |
| latest inbound message | \`message.received\` |
| opted out, opted in again | an opt-out word (STOP and the like) in a direct chat, Linq's health \`OPTED_OUT\`, or Linq's refusal (2024, 2008); any other inbound message ends it |
| health | the latest that Linq reported |
| left, joined | \`participant.removed\`, \`participant.added\` of your line |
| last share, number of shares, failures | the attempts made |

Each fact is the earliest, the latest or the newest of what events reported. So the order of events doesn't matter, nor how often each
arrives: late, twice or shuffled, the facts end up the same. Nothing is invented: an event without a time sets no time.

## The rules

The first rule that applies decides.

| # | state | reason | when |
|---|---|---|---|
| 1 | \`retired\` | \`chat_gone\` \`chat_left\` \`unsupported\` | Linq said so. A later outbound message gives the chat one more chance, at most once per window |
| 2 | \`held\` | \`operator\` \`parked\` \`recipient_blocked\` | you put it on hold; it crashed the service three times in a row; the recipient is on the account's block list at Linq. \`chat release\` ends each |
| 3 | \`held\` | \`no_outbound\` | you haven't sent anything in it yet |
| 4 | \`held\` | \`line_excluded\` | its line isn't in \`LINQ_LINES\` |
| 5 | \`held\` | \`group_excluded\` | it is a group or may be one, and \`SHARE_GROUPS=false\` |
| 6 | \`held\` | \`not_imessage\` | the latest outbound message went over SMS or RCS, or it isn't known over what |
| 7 | \`held\` | \`opted_out\` | the recipient opted out and hasn't written since |
| 8 | \`held\` | \`chat_health\` | Linq rates it \`CRITICAL\`, or \`AT_RISK\` with \`HOLD_AT_RISK=true\` |
| 9 | \`held\` | \`awaiting_inbound\` | \`REQUIRE_INBOUND=true\`, and the recipient hasn't written yet |
| 10 | \`done\` | \`shared_once\` \`share_limit\` | \`RESHARE_POLICY=once\`, or \`MAX_SHARES_PER_CHAT\` reached; not while a [changed card](#when-the-card-changes) is due |
| 11 | \`waiting\` | \`window\` \`restored\` | less than \`SHARE_WINDOW\` since the last share ended, or since a restore |
| 12 | \`idle\` | \`no_recent_outbound\` | nothing sent for \`RESHARE_IDLE_AFTER\`; with \`active\`, nothing since the last share |
| 13 | \`held\` | one of those below | the account or the line is on hold |
| 14 | \`retrying\` | \`backoff\` \`rejected\` | an attempt failed, and the wait isn't over |
| 15 | \`due\`, then \`sharing\` | \`became_eligible\` \`window_lapsed\` | nothing stands in the way |

The holds of rule 13 are stored once, with the account or the line. When one ends, all its chats continue, oldest first. Their order is, for the
account, ${inOrder(ACCOUNT_HOLDS)}; then, for the line, \`line_unknown\`,
${inOrder([...LINE_HOLDS, ...CARD_HOLDS])}. \`paused\` is yours.

A chat is decided again with every event about it, when time may have changed which rule applies, and right before each call. Changed settings
apply to all chats after a restart.

## The window

\`SHARE_WINDOW\` (24 hours) is elapsed time from the moment that Linq's success arrived, not a calendar day. Within a process the
monotonic clock measures it, so that setting the clock can't shorten it. A call whose outcome is unknown (a timeout, a crash) may be
repeated inside it. Linq ignores the repeat, so the recipient isn't asked twice.

## When the card changes

With \`RESHARE_ON_CARD_CHANGE=true\`, each chat whose last share began before its line's card changed may have the card once more. The
change is stored with the line, so that a million chats needn't be written: they are decided again in small batches, beginning two minutes after the latest change.
For such a chat rule 10 doesn't apply, and in rule 12 only \`RESHARE_IDLE_AFTER\` counts. All other rules stand: a changed card
is news, but no reason to write to someone who opted out, whose window is open, or whom you haven't written to for a week. A share
whose outcome is unknown counts as the chat's one more share after its window.

The first check of a card after an upgrade only notes what it is. A picture whose link was merely signed again, a card that isn't active, and changes
made while the setting is \`false\` don't count.

## Examples

These use default settings, unless they say otherwise. The program itself produced the states and sentences.

STORIES

## Sharing by hand

\`chat share\`, \`POST /status/chats/{chatId}/share\` and the button on the chat's page share now. They override rules 4, 5, 8 to 12 and 14:
your settings, the window and the backoff. They obey the rest: what Linq would refuse, what the recipient doesn't want, and
\`DRY_RUN\`. The share counts, and starts a new window.
`;
