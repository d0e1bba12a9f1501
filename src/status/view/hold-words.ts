import type { HoldReason } from '../../decide/holds.ts';

// What people read about a hold: on the page, in a chat's explanation, and as a problem.

interface HoldWords {
  /** Two or three words. */
  readonly label: string;
  /** Ends the sentence "Ready to be shared, but …"; `SINCE` is replaced by the hold's start. */
  readonly why: string;
  /** What ends it, as a sentence. */
  readonly end: string;
}

export const HOLD_WORDS: Readonly<Record<HoldReason, HoldWords>> = {
  paused: {
    label: 'Paused',
    why: 'an operator paused all sharing SINCE',
    end: 'Resume sharing to continue.',
  },
  api_key_rejected: {
    label: 'API key rejected',
    why: 'Linq rejects the API key',
    end: 'Set a valid LINQ_API_KEY.',
  },
  feature_disabled: {
    label: 'Sharing not enabled',
    why: "Linq says that contact cards aren't enabled for the account",
    end: 'Ask Linq to enable them.',
  },
  rate_limited: {
    label: 'Rate limited',
    why: 'Linq asked for a pause',
    end: 'Sharing resumes automatically.',
  },
  api_unavailable: {
    label: 'Linq’s API fails',
    why: "Linq's API fails",
    end: 'The service probes it until it recovers.',
  },
  line_not_ours: {
    label: 'Not this account’s',
    why: "Linq says that the chat's line isn't this account's",
    end: 'Check the line with Linq, then release it.',
  },
  line_flagged: {
    label: 'Flagged by Linq',
    why: "Linq flags the chat's line",
    end: 'A successful probe or releasing the line ends this.',
  },
  line_paused: {
    label: 'Paused by Linq',
    why: "Linq has paused the chat's line for a while",
    end: 'Sharing resumes automatically.',
  },
  card_missing: {
    label: 'No contact card',
    why: "the chat's line has no contact card",
    end: 'Set one up with Linq.',
  },
  card_inactive: {
    label: 'Card not active',
    why: "the contact card of the chat's line isn't active yet",
    end: 'Sharing resumes when Linq has activated it.',
  },
  card_unknown: {
    label: 'Card not checked yet',
    why: "the contact card of the chat's line couldn't be checked yet",
    end: 'The service tries again soon.',
  },
};

export const isHold = (reason: string): reason is HoldReason => reason in HOLD_WORDS;

export interface ProblemWords {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy: string;
  /** It can also be an error. */
  readonly mayWorsen?: true;
}

/** Operators want a pause, and an unchecked card is checked soon: neither is a problem. */
export type HoldProblem = Exclude<HoldReason, 'paused' | 'card_unknown'>;

/** The other problems are in `problem-words.ts`. `LINE` stands for the line. */
export const HOLD_PROBLEMS: Readonly<Record<HoldProblem, ProblemWords>> = {
  api_key_rejected: {
    severity: 'error',
    message: 'Linq rejects the API key, so no card is shared.',
    remedy:
      'Put a valid key into LINQ_API_KEY and restart the service. If Linq accepts the present key again, sharing resumes within 5 minutes.',
  },
  feature_disabled: {
    severity: 'error',
    message: "Linq says that contact cards aren't enabled for this account, so no card is shared.",
    remedy:
      'Ask Linq to enable contact cards for the account. One due chat is tried every hour, and right after a restart of the service; sharing resumes when Linq accepts it.',
  },
  api_unavailable: {
    severity: 'warning',
    mayWorsen: true,
    message: "Linq's API fails for several chats in a row, so shares wait.",
    remedy:
      'The service probes it at least once a minute and resumes automatically. If this lasts, check the network, LINQ_API_BASE_URL and whether Linq reports an outage.',
  },
  card_missing: {
    severity: 'warning',
    message: "LINE has no contact card, so its chats can't get one.",
    remedy:
      'Set up a card for the line in the Linq dashboard, or with `setup --create-card LINE --first-name NAME`. The card is rechecked every 2 minutes; `line release` rechecks now. To leave a line without a card, leave it out of LINQ_LINES.',
  },
  card_inactive: {
    severity: 'warning',
    message: "The contact card of LINE isn't active, so its chats wait.",
    remedy:
      'Linq usually activates a new card automatically. If it stays inactive, set it up again with Linq. The card is rechecked every 2 minutes; `line release` rechecks now.',
  },
  line_flagged: {
    severity: 'warning',
    message: 'Linq flags LINE (status FLAGGED or reputation CRITICAL), so its chats wait.',
    remedy:
      'Send less from the line, and check what Linq says about it. One chat is tried every 6 hours; `line release` ends the hold now.',
  },
  line_paused: {
    severity: 'warning',
    message: 'Linq refuses calls for LINE for now, so its chats wait.',
    remedy:
      'Sharing resumes automatically after 30 minutes to 6 hours, or when Linq reports the line as active. `line release` ends the hold now.',
  },
  line_not_ours: {
    severity: 'warning',
    message: "Linq says that LINE doesn't belong to this account, so its chats wait.",
    remedy:
      'Check that LINQ_API_KEY is for the account that owns the line, and restart the service. If the account has the line again, use `line release`; if it gave the line up, leave it out of LINQ_LINES and restart. One chat is tried every 6 hours.',
  },
  rate_limited: {
    severity: 'warning',
    message: 'Linq limits the rate of calls, so all shares wait as long as it asked.',
    remedy:
      'Sharing resumes automatically. If this happens often, lower SHARE_RATE_PER_LINE and SHARE_CONCURRENCY, or ask Linq for a higher limit.',
  },
};
