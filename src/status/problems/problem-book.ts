import { type EpochMs, MINUTE } from '../../decide/time.ts';
import type { KnownProblem } from '../../store/store.ts';
import { type OpenProblem, PROBLEM_WORDS, type ProblemCode } from './problem-words.ts';
import type { Findings } from './problems.ts';

/** An open problem, or a closed one whose closing alert is still to be sent. */
export interface BookedProblem extends KnownProblem {
  readonly code: ProblemCode;
  /** The latest finding; right after a restart, only what its key says. */
  readonly found: OpenProblem;
  /** An opening alert may have arrived, even if `alertedAt` is null. */
  readonly mayHaveAlerted: boolean;
  /** What the last opening alert called it; null: none was sent since the book was read. */
  readonly alertedAs: 'warning' | 'error' | null;
}

export interface Change {
  readonly event: 'opened' | 'closed';
  readonly problem: BookedProblem;
}

type Key = Pick<KnownProblem, 'code' | 'scope'>;

/** Changes that aren't written yet. */
export interface Unwritten {
  readonly put: readonly KnownProblem[];
  readonly removed: readonly Key[];
}

export type ProblemBook = ReturnType<typeof createProblemBook>;

/** A flapping problem sends opening alerts at most this often; closings in between aren't sent. */
const REOPENED_EVERY_MS = 5 * MINUTE;

/** No alert can report that alerts fail. */
const NEVER_ALERTED: ProblemCode = 'alerts_failing';

const nameOf = ({ code, scope }: Key) => `${code} ${scope}`;
const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEM_WORDS, code);

/**
 * Remembers since when problems are open, and which alerts were sent. A problem that closes before its
 * opening was sent is dropped; one that reopens before its closing was sent counts as never closed.
 * @param known what the store remembers. After a crash, an alert may have been sent although the store
 * doesn't say so
 * @param sendsAlerts false: alerts are off
 */
export function createProblemBook(known: readonly KnownProblem[], sendsAlerts: boolean) {
  const booked = new Map<string, BookedProblem>();
  const unwritten = new Map<string, Key>();
  /** The problem whose alert is being sent. */
  let sending: string | null = null;
  /** How often sending failed: a change that is always rejected must not block the others. */
  const failures = new Map<string, number>();
  /** When each opening was last sent. */
  const openingSentAt = new Map<string, EpochMs>();

  for (const problem of known) {
    const { code, scope } = problem;
    if (!isProblemCode(code) || (problem.closedAt !== null && !sendsAlerts)) {
      unwritten.set(nameOf(problem), { code, scope });
      continue;
    }
    const found = { code, since: null, ...(scope === '' ? {} : { line: scope }) };
    booked.set(nameOf(problem), { ...problem, code, found, mayHaveAlerted: true, alertedAs: null });
  }

  function put(problem: BookedProblem): void {
    booked.set(nameOf(problem), problem);
    unwritten.set(nameOf(problem), problem);
  }

  function remove(problem: BookedProblem): void {
    booked.delete(nameOf(problem));
    failures.delete(nameOf(problem));
    unwritten.set(nameOf(problem), problem);
  }

  /** Returns the problem if it is newly opened. */
  function find(found: OpenProblem, now: EpochMs): BookedProblem | null {
    const key = { code: found.code, scope: found.line ?? '' };
    const before = booked.get(nameOf(key));
    const isOpen = before !== undefined && before.closedAt === null;
    const { alertedAt = null, mayHaveAlerted = false, alertedAs = null } = before ?? {};
    const alerted = { alertedAt, mayHaveAlerted, alertedAs };
    const noted = isOpen ? before.since : (found.noticedAt ?? now);
    const since = Math.min(found.since ?? noted, now); // the clock may have been set back
    const problem: BookedProblem = { ...key, since, ...alerted, closedAt: null, found };
    if (isOpen && before.since === since) booked.set(nameOf(key), problem);
    else put(problem);
    return isOpen ? null : problem;
  }

  function close(problem: BookedProblem, now: EpochMs): void {
    const needsAlert = problem.alertedAt !== null || problem.mayHaveAlerted || sending === nameOf(problem);
    if (sendsAlerts && needsAlert && problem.code !== NEVER_ALERTED) put({ ...problem, closedAt: now });
    else remove(problem);
  }

  function isTooSoon({ event, problem }: Change, now: EpochMs): boolean {
    const before = openingSentAt.get(nameOf(problem));
    // a worsened problem can't wait; a clock set back must not delay anything for long
    const mayWait = event === 'opened' && problem.alertedAt === null && before !== undefined;
    return mayWait && Math.abs(now - before) < REOPENED_EVERY_MS;
  }

  const open = () => [...booked.values()].filter(({ closedAt }) => closedAt === null);

  return {
    open,
    /** Records the findings; returns what opened and what closed. */
    update({ open: found, undetermined }: Findings, now: EpochMs) {
      const opened = found.map((one) => find(one, now)).filter((one) => one !== null);
      const names = new Set(found.map(({ code, line }) => nameOf({ code, scope: line ?? '' })));
      const closed = open().filter((one) => !names.has(nameOf(one)) && !undetermined.has(one.code));
      for (const problem of closed) close(problem, now);
      return { opened, closed };
    },
    /** The next change to send, oldest first; report the result with `sent`. Null: none. */
    nextToSend(now: EpochMs): Change | null {
      const changes = [...booked.values()]
        .filter(({ code }) => code !== NEVER_ALERTED)
        .map(unsentOf)
        .filter((change) => change !== null)
        .filter((change) => !isTooSoon(change, now));
      const failed = ({ problem }: Change) => failures.get(nameOf(problem)) ?? 0;
      const [first = null] = changes.sort((a, b) => failed(a) - failed(b) || changedAt(a) - changedAt(b));
      sending = first === null ? null : nameOf(first.problem);
      return first;
    },
    /** @param at when the alert was made */
    sent({ event, problem: told }: Change, outcome: 'taken' | 'refused' | 'unknown', at: EpochMs) {
      const { code, scope } = told;
      const name = nameOf({ code, scope });
      sending = null;
      if (outcome === 'taken' && event === 'opened') openingSentAt.set(name, at);
      if (outcome === 'taken') failures.delete(name);
      else failures.set(name, (failures.get(name) ?? 0) + 1);
      const problem = booked.get(name);
      if (problem === undefined) return;
      if (event === 'opened') {
        const alertedAs = told.found.errorSince === undefined ? PROBLEM_WORDS[code].severity : 'error';
        if (outcome === 'taken') put({ ...problem, alertedAt: at, mayHaveAlerted: true, alertedAs });
        else if (outcome === 'unknown') booked.set(name, { ...problem, mayHaveAlerted: true });
        else if (problem.closedAt !== null && problem.alertedAt === null && !problem.mayHaveAlerted)
          remove(problem);
      } else if (problem.closedAt === null) {
        // it reopened in the meantime, so its opening has to be sent after the closing
        if (outcome !== 'refused') put({ ...problem, alertedAt: null, alertedAs: null });
      } else if (outcome === 'taken') remove(problem);
    },
    takeUnwritten(): Unwritten {
      const changes = [...unwritten].map(([name, key]) => ({ key, problem: booked.get(name) }));
      unwritten.clear();
      return {
        put: changes.flatMap(({ problem }) => (problem === undefined ? [] : [toKnown(problem)])),
        removed: changes.flatMap(({ key, problem }) => (problem === undefined ? [key] : [])),
      };
    },
    /** Takes back changes that couldn't be written. */
    giveBack({ put: changed, removed }: Unwritten): void {
      for (const key of [...changed, ...removed]) unwritten.set(nameOf(key), key);
    },
  };
}

/**
 * A problem that has worsened since its alert is sent again. That it's an error may be found only after a warning was sent which
 * is dated later; after a restart, the dates are all that is known.
 */
function unsentOf(problem: BookedProblem): Change | null {
  const { alertedAt, alertedAs, closedAt, found } = problem;
  if (closedAt !== null) return { event: 'closed', problem };
  if (alertedAt === null) return { event: 'opened', problem };
  const { errorSince } = found;
  const isWorse = errorSince !== undefined && (alertedAs === 'warning' || alertedAt < errorSince);
  return isWorse ? { event: 'opened', problem } : null;
}

function changedAt({ problem }: Change): EpochMs {
  return problem.closedAt ?? problem.since;
}

function toKnown({ code, scope, since, alertedAt, closedAt }: BookedProblem): KnownProblem {
  return { code, scope, since, alertedAt, closedAt };
}
