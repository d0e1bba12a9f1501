import { type EpochMs, MINUTE } from '../decide/duration.ts';
import { accountClosure } from '../decide/gate.ts';
import type { AccountHoldReason } from '../decide/hold.ts';
import type { Policy } from '../decide/policy.ts';
import type { GateView } from '../dispatch/dispatcher.ts';
import { showLine } from './chat-view.ts';
import { PROBLEM_WORDS, type ProblemCode } from './problem-words.ts';
import type { Problem } from './schemas.ts';
import type { StoreProbe } from './store-probe.ts';
import { isoTime } from './wording.ts';

/** Everything problems are read from, all of one moment. */
export interface Circumstances {
  readonly now: EpochMs;
  readonly gates: GateView;
  readonly probe: StoreProbe;
  readonly quarantined: { readonly count: number; readonly oldestAt: EpochMs | null };
  readonly parked: { readonly count: number; readonly oldestAt: EpochMs | null };
  readonly policy: Policy;
  readonly showNumbers: boolean;
}

/** A problem that is open now. `since` null: nobody noted when it began, only that it was there at `noticedAt`. */
interface Open {
  readonly code: ProblemCode;
  readonly since: EpochMs | null;
  readonly noticedAt?: EpochMs | null;
  readonly line?: string;
  /** Only where it isn't always the same. */
  readonly severity?: Problem['severity'];
  readonly detail?: string;
}

/** An unavailable API becomes an error after this; shorter ones are everyday and pass. */
const UNAVAILABLE_ERROR_MS = 10 * MINUTE;

/**
 * Lists the problems that are open, errors first, the oldest first. Remembers from look to look since when those are
 * open whose begin nothing records.
 */
export function createProblemList(): (circumstances: Circumstances) => readonly Problem[] {
  let firstSeen = new Map<string, EpochMs>();
  return (circumstances) => {
    const seen = new Map<string, EpochMs>();
    const problems = openProblems(circumstances).map((open) => {
      const key = `${open.code} ${open.line ?? ''}`;
      const since = open.since ?? firstSeen.get(key) ?? open.noticedAt ?? circumstances.now;
      if (open.since === null) seen.set(key, since);
      return { since, problem: describe(open, since, circumstances) };
    });
    firstSeen = seen;
    return problems
      .sort((a, b) => rank(a.problem) - rank(b.problem) || a.since - b.since)
      .map(({ problem }) => problem);
  };
}

const rank = ({ severity }: Problem) => (severity === 'error' ? 0 : 1);

function describe(open: Open, since: EpochMs, { showNumbers }: Circumstances): Problem {
  const { severity, message, remedy } = PROBLEM_WORDS[open.code];
  const line = open.line === undefined ? null : showLine(open.line, showNumbers);
  const fill = (text: string) => text.replace('LINE', line ?? '').replace('DETAIL', open.detail ?? '');
  return {
    code: open.code,
    severity: open.severity ?? severity,
    since: isoTime(since),
    line,
    message: fill(message),
    remedy: fill(remedy),
  };
}

function openProblems(circumstances: Circumstances): Open[] {
  const { gates, probe, quarantined, parked } = circumstances;
  const open: Open[] = [...accountProblems(circumstances), ...lineProblems(circumstances)];
  if (gates.clockDistrustedSince !== null)
    open.push({ code: 'clock_skew', since: gates.clockDistrustedSince });
  if (!probe.isWritable) open.push({ code: 'store_failing', since: probe.failingSince, detail: probe.fault });
  if (quarantined.count > 0) {
    open.push({ code: 'unreadable_deliveries', since: quarantined.oldestAt, detail: `${quarantined.count}` });
  }
  if (parked.count > 0)
    open.push({ code: 'chats_parked', since: parked.oldestAt, detail: `${parked.count}` });
  return open;
}

const ACCOUNT_PROBLEMS = ['api_key_rejected', 'feature_disabled', 'rate_limited', 'api_unavailable'] as const;

function accountProblems({ gates, now }: Circumstances): Open[] {
  return ACCOUNT_PROBLEMS.flatMap((code): Open[] => {
    const since = standingSince(gates, code, now);
    if (since === null) return [];
    const isLasting = code === 'api_unavailable' && now - since > UNAVAILABLE_ERROR_MS;
    return [{ code, since, ...(isLasting ? { severity: 'error' } : {}) }];
  });
}

/** Each hold is looked at alone: the account's closure only names the first of them. */
function standingSince({ holds }: GateView, reason: AccountHoldReason, now: EpochMs): EpochMs | null {
  return (
    accountClosure(
      holds.filter((hold) => hold.reason === reason),
      now,
    )?.since ?? null
  );
}

const LINE_HOLDS = ['line_not_ours', 'line_flagged', 'line_paused'] as const;

function lineProblems({ gates, policy }: Circumstances): Open[] {
  const served = gates.lines.filter(({ line }) => policy.lines === null || policy.lines.has(line.line));
  return served.flatMap(({ line: { line, card, cardCheckedAt }, closure }): Open[] => {
    const hold = LINE_HOLDS.find((reason) => reason === closure?.reason);
    return [
      ...(hold === undefined ? [] : [{ code: hold, since: closure?.since ?? null, line }]),
      // when the card was last looked at is known, but not since when it is as it is
      ...(card === 'missing' || card === 'inactive'
        ? [{ code: `card_${card}` as const, since: null, noticedAt: cardCheckedAt, line }]
        : []),
    ];
  });
}
