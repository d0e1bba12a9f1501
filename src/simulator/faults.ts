/** The endpoints of the simulated API, as faults name them. */
export type RouteName =
  | 'share'
  | 'contact_card'
  | 'chats'
  | 'chat'
  | 'messages'
  | 'phone_numbers'
  | 'webhook_subscriptions'
  | 'webhook_events';

/**
 * What goes wrong, and where. A fault with an answer (`status`, `code`, `html`, `drop` or `hang`) decides the whole
 * answer; of several that match, the oldest applies. A fault with `latencyMs` or `dateSkewMs` alone lies on top of
 * whatever is answered; all that match apply.
 */
export interface Fault {
  /** Default `share`; `*` is every endpoint. */
  readonly route?: RouteName | '*';
  /** Only calls with this HTTP method, in capitals. */
  readonly method?: string;
  /** Only this chat, or chats (or cards) of this line. */
  readonly chatId?: string;
  readonly line?: string;
  /** How many calls it hits. Default: all, until cleared. */
  readonly times?: number;
  /** Answer with this status; `code` alone implies its status, `status` alone the likeliest code. */
  readonly status?: number;
  readonly code?: number;
  readonly message?: string;
  /** `Retry-After`, as it is; a number is repeated in the body. */
  readonly retryAfter?: number | string;
  /** Answer with a gateway's HTML page in place of Linq's envelope. */
  readonly html?: boolean;
  /** Reset the connection: `before` the call counts as arrived, or `after` it was performed. */
  readonly drop?: 'before' | 'after';
  /** Perform the call and never answer. */
  readonly hang?: boolean;
  /** Answer that much later (real ms); the call is performed on arrival. */
  readonly latencyMs?: number;
  /** Shift the `Date` header. */
  readonly dateSkewMs?: number;
}

export interface FaultTarget {
  readonly route: RouteName;
  readonly method: string;
  readonly chatId: string | null;
  readonly line: string | null;
}

/** What the faults make of one call. */
export interface FaultEffect {
  readonly answer: Fault | null;
  readonly latencyMs: number;
  readonly dateSkewMs: number;
}

export interface Faults {
  /** @returns a function that takes the fault back */
  add(fault: Fault): () => void;
  clear(): void;
  /** Counts down the faults that hit this call. */
  take(target: FaultTarget): FaultEffect;
}

const NONE: FaultEffect = { answer: null, latencyMs: 0, dateSkewMs: 0 };

const decidesAnswer = (fault: Fault): boolean =>
  [fault.status, fault.code, fault.html, fault.drop, fault.hang].some((field) => field !== undefined);

const hits = (fault: Fault, target: FaultTarget): boolean =>
  (fault.route === '*' || (fault.route ?? 'share') === target.route) &&
  (fault.method === undefined || fault.method === target.method) &&
  (fault.chatId === undefined || fault.chatId === target.chatId) &&
  (fault.line === undefined || fault.line === target.line);

export function createFaults(): Faults {
  let open: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      open.push(entry);
      return () => {
        open = open.filter((other) => other !== entry);
      };
    },
    clear() {
      open = [];
    },
    take(target) {
      if (open.length === 0) return NONE;
      const matching = open.filter(({ fault }) => hits(fault, target));
      const answer = matching.find(({ fault }) => decidesAnswer(fault));
      const applied = matching.filter((entry) => entry === answer || !decidesAnswer(entry.fault));
      for (const entry of applied) entry.left -= 1;
      open = open.filter(({ left }) => left > 0);
      const sum = (field: 'latencyMs' | 'dateSkewMs') =>
        applied.reduce((total, { fault }) => total + (fault[field] ?? 0), 0);
      return { answer: answer?.fault ?? null, latencyMs: sum('latencyMs'), dateSkewMs: sum('dateSkewMs') };
    },
  };
}
