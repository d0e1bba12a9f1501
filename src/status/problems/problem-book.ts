import { type EpochMs, MINUTE } from '../../decide/time.ts';
import type { KnownProblem } from '../../store/store.ts';
import { type OpenProblem, PROBLEM_WORDS, type ProblemCode } from './problem-words.ts';
import type { Findings } from './problems.ts';

/** A problem that is open, or whose closing somebody has to be told of. */
export interface BookedProblem extends KnownProblem {
  readonly code: ProblemCode;
  /** As it was found last; right after a restart only what its key tells. */
  readonly found: OpenProblem;
  /** Somebody may have heard of its opening, though `toldAt` doesn't say so. */
  readonly mayBeTold: boolean;
}

export interface Change {
  readonly event: 'opened' | 'closed';
  readonly problem: BookedProblem;
}

type Key = Pick<KnownProblem, 'code' | 'scope'>;

/** What changed and isn't written yet. */
export interface Unwritten {
  readonly put: readonly KnownProblem[];
  readonly removed: readonly Key[];
}

export type ProblemBook = ReturnType<typeof createProblemBook>;

/** One that comes and goes is told to have opened this seldom; what closes meanwhile isn't told at all. */
const REOPENED_EVERY_MS = 5 * MINUTE;

/** Nobody can be told by an alert that alerts fail. */
const UNTELLABLE: ProblemCode = 'alerts_failing';

const nameOf = ({ code, scope }: Key) => `${code} ${scope}`;
const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEM_WORDS, code);

/**
 * Remembers since when problems are open, and what was told of them. A problem that closes before anybody was told of it
 * is nobody's business any more; one that opens again before its closing was told is told as if it had never closed.
 * @param known what the store remembers. It may have been told although the store doesn't say so: a crash came between
 * @param isTelling false: nobody is to be told of anything
 */
export function createProblemBook(known: readonly KnownProblem[], isTelling: boolean) {
  const booked = new Map<string, BookedProblem>();
  const unwritten = new Map<string, Key>();
  /** What somebody is being told of at the moment. */
  let telling: string | null = null;
  /** How often telling failed: one change that is refused each time must not keep back the others. */
  const failures = new Map<string, number>();
  /** When somebody last heard that it opened. */
  const openingToldAt = new Map<string, EpochMs>();

  for (const problem of known) {
    const { code, scope } = problem;
    if (!isProblemCode(code) || (problem.closedAt !== null && !isTelling)) {
      unwritten.set(nameOf(problem), { code, scope });
      continue;
    }
    const found = { code, since: null, ...(scope === '' ? {} : { line: scope }) };
    booked.set(nameOf(problem), { ...problem, code, found, mayBeTold: true });
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

  /** Returns the problem if this opened it. */
  function find(found: OpenProblem, now: EpochMs): BookedProblem | null {
    const key = { code: found.code, scope: found.line ?? '' };
    const before = booked.get(nameOf(key));
    const isOpen = before !== undefined && before.closedAt === null;
    const told = { toldAt: before?.toldAt ?? null, mayBeTold: before?.mayBeTold ?? false };
    const noted = isOpen ? before.since : (found.noticedAt ?? now);
    const since = Math.min(found.since ?? noted, now); // the clock may have been set back
    const problem: BookedProblem = { ...key, since, ...told, closedAt: null, found };
    if (isOpen && before.since === since) booked.set(nameOf(key), problem);
    else put(problem);
    return isOpen ? null : problem;
  }

  function close(problem: BookedProblem, now: EpochMs): void {
    const isToBeTold = problem.toldAt !== null || problem.mayBeTold || telling === nameOf(problem);
    if (isTelling && isToBeTold && problem.code !== UNTELLABLE) put({ ...problem, closedAt: now });
    else remove(problem);
  }

  function isTooSoon({ event, problem }: Change, now: EpochMs): boolean {
    const before = openingToldAt.get(nameOf(problem));
    // what became worse can't wait; and a clock that was set back doesn't keep anything back for long
    const mayWait = event === 'opened' && problem.toldAt === null && before !== undefined;
    return mayWait && Math.abs(now - before) < REOPENED_EVERY_MS;
  }

  const open = () => [...booked.values()].filter(({ closedAt }) => closedAt === null);

  return {
    open,
    /** Takes in what was found, and returns what opened and what closed by it. */
    update({ open: found, undetermined }: Findings, now: EpochMs) {
      const opened = found.map((one) => find(one, now)).filter((one) => one !== null);
      const names = new Set(found.map(({ code, line }) => nameOf({ code, scope: line ?? '' })));
      const closed = open().filter((one) => !names.has(nameOf(one)) && !undetermined.has(one.code));
      for (const problem of closed) close(problem, now);
      return { opened, closed };
    },
    /** A change that nobody was told of, the oldest first, to be told now: `told` says how that ended. Null: none. */
    nextToTell(now: EpochMs): Change | null {
      const changes = [...booked.values()]
        .filter(({ code }) => code !== UNTELLABLE)
        .map(untoldOf)
        .filter((change) => change !== null)
        .filter((change) => !isTooSoon(change, now));
      const failed = ({ problem }: Change) => failures.get(nameOf(problem)) ?? 0;
      const [first = null] = changes.sort((a, b) => failed(a) - failed(b) || changedAt(a) - changedAt(b));
      telling = first === null ? null : nameOf(first.problem);
      return first;
    },
    /** @param at when the alert was made */
    told({ event, problem: { code, scope } }: Change, outcome: 'taken' | 'refused' | 'unknown', at: EpochMs) {
      const name = nameOf({ code, scope });
      telling = null;
      if (outcome === 'taken' && event === 'opened') openingToldAt.set(name, at);
      if (outcome === 'taken') failures.delete(name);
      else failures.set(name, (failures.get(name) ?? 0) + 1);
      const problem = booked.get(name);
      if (problem === undefined) return;
      if (event === 'opened') {
        if (outcome === 'taken') put({ ...problem, toldAt: at, mayBeTold: true });
        else if (outcome === 'unknown') booked.set(name, { ...problem, mayBeTold: true });
        else if (problem.closedAt !== null && problem.toldAt === null && !problem.mayBeTold) remove(problem);
      } else if (problem.closedAt === null) {
        // it opened again meanwhile, and whoever took the closing has to hear that
        if (outcome !== 'refused') put({ ...problem, toldAt: null });
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
    /** It couldn't be written now. */
    giveBack({ put: changed, removed }: Unwritten): void {
      for (const key of [...changed, ...removed]) unwritten.set(nameOf(key), key);
    },
  };
}

/** What became worse since it was told is told once more. */
function untoldOf(problem: BookedProblem): Change | null {
  const { toldAt, closedAt, found } = problem;
  if (closedAt !== null) return { event: 'closed', problem };
  const isWorse = toldAt !== null && found.errorSince !== undefined && toldAt < found.errorSince;
  return toldAt === null || isWorse ? { event: 'opened', problem } : null;
}

function changedAt({ problem }: Change): EpochMs {
  return problem.closedAt ?? problem.since;
}

function toKnown({ code, scope, since, toldAt, closedAt }: BookedProblem): KnownProblem {
  return { code, scope, since, toldAt, closedAt };
}
