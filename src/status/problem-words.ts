import type { Problem } from './schemas.ts';

export type ProblemCode =
  | 'api_key_rejected'
  | 'feature_disabled'
  | 'clock_skew'
  | 'store_failing'
  | 'api_unavailable'
  | 'card_missing'
  | 'card_inactive'
  | 'line_flagged'
  | 'line_paused'
  | 'line_not_ours'
  | 'rate_limited'
  | 'unreadable_deliveries'
  | 'chats_parked';

/**
 * What each problem means and what to do about it. `LINE` stands for the line it is about, `DETAIL` for what only the
 * moment tells.
 */
export const PROBLEM_WORDS: Readonly<Record<ProblemCode, Pick<Problem, 'severity' | 'message' | 'remedy'>>> =
  {
    api_key_rejected: {
      severity: 'error',
      message: 'Linq rejects the API key, so no card is shared.',
      remedy:
        'Put a valid key into LINQ_API_KEY and restart the service. If Linq accepts the present key again, sharing goes on by itself within 5 minutes.',
    },
    feature_disabled: {
      severity: 'error',
      message: "Linq says that contact cards aren't enabled for this account, so no card is shared.",
      remedy:
        'Ask Linq to enable contact cards for the account. One chat is tried every hour; a restart of the service tries at once.',
    },
    clock_skew: {
      severity: 'error',
      message:
        "This machine's clock disagrees by more than 30 s with Linq's, with its own past, or was set; sharing waits, so that no window is cut short.",
      remedy:
        "Synchronise the machine's clock (NTP). Sharing goes on by itself with the next answer of Linq whose time agrees.",
    },
    store_failing: {
      severity: 'error',
      message: "The database can't be written (DETAIL): deliveries are answered 503 and nothing is shared.",
      remedy:
        'Look at free disk space, the permissions of the data directory and the service log. It goes on by itself once writing works; Linq redelivers for about 25 minutes.',
    },
    api_unavailable: {
      severity: 'warning',
      message: "Linq's API doesn't answer as it should over several chats in a row, so shares wait.",
      remedy:
        'It is probed at least once a minute and goes on by itself. If it lasts, check the network, LINQ_API_BASE_URL and whether Linq reports an outage.',
    },
    card_missing: {
      severity: 'warning',
      message: "LINE has no contact card, so its chats can't get one.",
      remedy:
        'Set up a contact card for the line with Linq. It is looked at again every 2 minutes and its chats go on by themselves.',
    },
    card_inactive: {
      severity: 'warning',
      message: "The contact card of LINE isn't active, so its chats wait.",
      remedy:
        'Linq activates a new card by itself as a rule; if it stays inactive, set it up again. It is looked at again every 2 minutes.',
    },
    line_flagged: {
      severity: 'warning',
      message: 'Linq flags LINE (status FLAGGED or reputation CRITICAL), so its chats wait.',
      remedy:
        'Send less from the line and see what Linq says of it. One chat is tried every 6 hours; `line release` ends the hold at once.',
    },
    line_paused: {
      severity: 'warning',
      message: 'Linq refuses calls for LINE for now, so its chats wait.',
      remedy:
        'It ends by itself after 30 minutes to 6 hours, or when Linq reports the line as active; `line release` ends it at once.',
    },
    line_not_ours: {
      severity: 'warning',
      message: "Linq says that LINE doesn't belong to this account, so its chats wait.",
      remedy:
        'Check that LINQ_API_KEY is of the account that owns the line, then restart the service or use `line release`. One chat is tried every 6 hours.',
    },
    rate_limited: {
      severity: 'warning',
      message: 'Linq limits the rate of calls, so all shares wait as long as it asked.',
      remedy:
        'It ends by itself. If it comes back often, lower SHARE_RATE_PER_LINE and SHARE_CONCURRENCY, or ask Linq for a higher limit.',
    },
    unreadable_deliveries: {
      severity: 'warning',
      message: "Authentic deliveries in quarantine that this version can't read or store: DETAIL.",
      remedy:
        'See the service log (delivery.quarantined) for the causes and upgrade to a version that reads them. They are kept for 7 days.',
    },
    chats_parked: {
      severity: 'warning',
      message: 'Chats set aside because the service went down during several attempts in a row: DETAIL.',
      remedy:
        'Find them with `chat list --reason parked`, see the service log for why it went down, then use `chat release`.',
    },
  };
