/** `docs/deciding.md` without its examples. */
export const DECIDING = `# How deciding works

For every chat the service keeps a few facts, and from them decides one *state*, one *reason*, and when to look again. The decision is
a pure function: the same facts, settings and time always give the same answer. \`contact-card-reactor chat show CHAT_ID\`,
\`GET /status/chats/{chatId}\` and the chat's page show it with a sentence.

## What is known of a chat

| fact | from |
|---|---|
| line, service, group or not | the latest outbound message |
| first and latest outbound message | \`message.sent\`, \`message.delivered\` or \`message.read\` of an outbound message, by the message's own time |
| latest inbound message | \`message.received\` |
| opted out, opted in again | an opt-out word (STOP and its like) in a direct chat, Linq's health \`OPTED_OUT\`, or Linq's refusal (2024, 2008); any other inbound message ends it |
| health | the latest that Linq told |
| left, joined | \`participant.removed\`, \`participant.added\` of your line |
| last share, number of shares, failures | the attempts made |

A fact is the earliest, the latest or the newest of what events told. So it doesn't matter in which order events come, or how
often: late, twice or shuffled, the facts are the same in the end. Nothing is invented: an event without a time tells no time.

## The rows

They are gone through from the top; the first that applies decides.

| # | state | reason | when |
|---|---|---|---|
| 1 | \`retired\` | \`chat_gone\` \`chat_left\` \`unsupported\` | Linq said so. An outbound message afterwards gives the chat one more chance, at most once a window |
| 2 | \`held\` | \`operator\` \`parked\` \`recipient_blocked\` | somebody holds it; three attempts in a row went down with the service; Linq has the recipient on the block list. \`chat release\` ends each |
| 3 | \`held\` | \`no_outbound\` | you haven't sent anything in it yet |
| 4 | \`held\` | \`line_excluded\` | \`LINQ_LINES\` lacks its line |
| 5 | \`held\` | \`group_excluded\` | a group, and \`SHARE_GROUPS=false\` |
| 6 | \`held\` | \`not_imessage\` | the latest outbound message went by SMS or RCS |
| 7 | \`held\` | \`opted_out\` | the recipient opted out and hasn't written since |
| 8 | \`held\` | \`chat_health\` | Linq rates it \`CRITICAL\`, or \`AT_RISK\` with \`HOLD_AT_RISK=true\` |
| 9 | \`held\` | \`awaiting_inbound\` | \`REQUIRE_INBOUND=true\` and the recipient hasn't written yet |
| 10 | \`done\` | \`shared_once\` \`share_limit\` | \`RESHARE_POLICY=once\`, or \`MAX_SHARES_PER_CHAT\` reached |
| 11 | \`waiting\` | \`window\` \`restored\` | less than \`SHARE_WINDOW\` since the last share ended, or since a restore |
| 12 | \`idle\` | \`no_recent_outbound\` | nothing sent for \`RESHARE_IDLE_AFTER\`; with \`active\`, nothing since the last share |
| 13 | \`held\` | one of the account's or the line's, below | sharing is closed for the account or the line |
| 14 | \`retrying\` | \`backoff\` \`rejected\` | an attempt failed, and the wait isn't over |
| 15 | \`due\`, then \`sharing\` | \`became_eligible\` \`window_lapsed\` | nothing speaks against it |

Row 13 is kept with the account or the line, not with each chat. When it ends, all its chats go on at once, oldest first. In this order:
\`paused\` (by you), \`api_key_rejected\`, \`feature_disabled\`, \`rate_limited\`, \`api_unavailable\`; then of the line \`line_unknown\`,
\`line_not_ours\`, \`line_flagged\`, \`line_paused\`, \`card_missing\`, \`card_inactive\`, \`card_unknown\`.

A chat is decided again with every event about it, when time may have changed its row, and right before each call. Changed settings
apply to all chats after the restart.

## What the window is

\`SHARE_WINDOW\` (24 hours) of elapsed time from the moment that Linq's success arrived; never a calendar day. Within a process the
monotonic clock measures it, so that setting the clock can't shorten it. A call whose outcome nobody learnt (a timeout, a crash) may
be repeated inside it, since Linq ignores the repeat: the recipient isn't asked twice.

## Examples

Default settings, unless told otherwise. The states and sentences come from the program.

STORIES
## Sharing by hand

\`chat share\`, \`POST /status/chats/{chatId}/share\` and the button on the chat's page share now. They ignore rows 4, 5, 8 to 12 and 14:
the settings, the window and the backoff are yours to overrule. They obey the rest: what Linq would refuse, what the recipient
doesn't want, and \`DRY_RUN\`. The share counts, and its window begins anew.
`;
