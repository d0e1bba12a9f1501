import type { Clock } from '../../clock.ts';
import { MINUTE, SECOND } from '../../decide/time.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import { StoreError } from '../../errors.ts';
import type { DeliveryNews, ReportedProblem, Store } from '../../store/store.ts';
import { createShowLine, linesOf, type ShowLine } from '../view/chat-view.ts';
import type { Problem } from '../view/schemas.ts';
import { type BookedProblem, createProblemBook, type ProblemBook } from './problem-book.ts';
import { compareProblems, PROBLEM_WORDS, type ProblemCode, showProblem } from './problem-words.ts';
import { type Findings, findProblems, reportable } from './problems.ts';
import { createServiceSnapshot, type Read, type ServiceSnapshot, type SnapshotDeps } from './snapshot.ts';
import type { StoreProbe } from './store-probe.ts';

export interface ProblemWatchDeps extends SnapshotDeps {
  readonly store: SnapshotDeps['store'] &
    Pick<Store, 'kind' | 'summary' | 'problems' | 'changeProblems' | 'noteDeliveries'>;
  readonly probeStore: () => Promise<StoreProbe>;
  readonly dispatcher: Pick<Dispatcher, 'snapshot'>;
  /** This replica's book counts: it writes it and sends its alerts. The others show what it wrote and what they see. */
  readonly isLeader: () => boolean;
  /** In which term it leads, or did until the store failed: it still alerts what it sees. Null: another may lead. */
  readonly term: () => number | null;
  readonly clock: Clock;
  readonly showNumbers: boolean;
  /** Alerts are sent when a problem opens and when it closes. */
  readonly sendsAlerts: boolean;
  /** Something changed that may need an alert. */
  readonly onChange: () => void;
  readonly log: {
    info(fields: object, event: string): void;
    warn(fields: object, event: string): void;
    error(fields: object, event: string): void;
  };
}

/** The open problems, and the snapshot that they were found in. */
export interface Checked {
  readonly problems: readonly Problem[];
  readonly snapshot: ServiceSnapshot;
}

export interface ProblemWatch {
  /** Checks now. @throws {StoreError} when the store can't be read */
  check(): Promise<Checked>;
  /** The problems found by the last check, at most half a minute ago; checks if there was none. @throws {StoreError} */
  open(): Promise<readonly Problem[]>;
  /** Checks automatically, twice a minute. */
  start(): void;
  /** Never rejects. */
  stop(): Promise<void>;
  /** What only this process can see, as of the last check. */
  own(): readonly ReportedProblem[];
  /** Null until what the store remembers has been read. */
  book(): ProblemBook | null;
  /** Writes the book's changes; retries later what can't be written now. */
  write(): Promise<void>;
}

/** What goes on from one check to the next. */
interface Known {
  readonly book: ProblemBook;
  readonly snapshot: ReturnType<typeof createServiceSnapshot>;
}

/** Real time. */
const CHECK_EVERY_MS = 30 * SECOND;
/** Real time: a heartbeat, and a check by the leader, fall into it. */
const OWED_MS = 90 * SECOND;
/** A silence grows constantly and needn't be stored precisely. */
const NOTE_SILENCE_EVERY_MS = 5 * MINUTE;

/**
 * Watches for problems, remembers across restarts since when they are open, and logs each opening and closing
 * once.
 */
export function createProblemWatch(deps: ProblemWatchDeps): ProblemWatch {
  const { store, clock, log, counters } = deps;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let lastCheck: Promise<unknown> = Promise.resolve();
  let known: Known | null = null;
  /** The term in which this replica read the book as leader: while it lasts, nobody else changes it. Null: it didn't lead. */
  let ledTerm: number | null = null;
  let hasChecked = false;
  let own: readonly ReportedProblem[] = [];
  let owed: readonly ReportedProblem[] = [];
  let owedUntil = Number.NEGATIVE_INFINITY;
  let noted: DeliveryNews | null = null;
  let unnoted: DeliveryNews | null = null;

  /** Reads, all at the same time, what is stored, and the book if other replicas may have changed it. */
  async function read(): Promise<Read & { readonly known: Known }> {
    const term = deps.isLeader() ? deps.term() : null;
    const hadLed = ledTerm !== null;
    if (ledTerm !== deps.term()) ledTerm = null; // also if the book can't be read now
    if (hadLed && ledTerm === null && known !== null) owe(known.book);
    const before = known;
    const now = clock.now();
    const dispatcher = deps.dispatcher.snapshot();
    const [probe, summary, stored] = await Promise.all([
      deps.probeStore(),
      store.summary(now),
      before !== null && ledTerm !== null ? null : store.problems(),
    ]);
    if (before === null || store.kind !== 'sqlite') takeNews(summary.deliveryNews);
    const after = { now, dispatcher, probe, summary };
    if (before !== null && stored === null) return { ...after, known: before };
    const book = createProblemBook(stored ?? [], deps.sendsAlerts);
    ledTerm = term;
    const snapshot = before?.snapshot ?? createServiceSnapshot(deps, summary.deliveryNews);
    return { ...after, known: { book, snapshot } };
  }

  /** Another replica leads now, and knows nothing of what was alerted while the store failed: it has to alert its end. */
  function owe(book: ProblemBook): void {
    const alerted = book
      .open()
      .filter(({ alertedAt, mayHaveAlerted }) => alertedAt !== null || mayHaveAlerted);
    owed = reportable(
      alerted.map(({ found, since }) => ({ ...found, since })),
      clock.now(),
    );
    owedUntil = clock.monotonic() + OWED_MS;
  }

  /** Other replicas, or those before a restart, accepted deliveries. */
  function takeNews(news: DeliveryNews): void {
    noted = news;
    if (news.lastAcceptedAt === null) return;
    const acceptedAt = Math.min(news.lastAcceptedAt, clock.now()); // the clock may have been set back
    counters.lastAcceptedAt = Math.max(counters.lastAcceptedAt ?? acceptedAt, acceptedAt);
  }

  const showLine = () => createShowLine(deps.showNumbers, linesOf(deps.dispatcher));
  const show = ({ found, since }: BookedProblem, shown: ShowLine): Problem =>
    showProblem(found, since, shown);

  function openIn(book: ProblemBook): readonly Problem[] {
    const shown = showLine();
    return book
      .open()
      .map((problem) => show(problem, shown))
      .sort(compareProblems);
  }

  /** Never rejects. */
  async function takeIn(book: ProblemBook, findings: Findings): Promise<void> {
    own = findings.own ?? reportable(findings.open, clock.now());
    const { opened, closed } = book.update(findings, clock.now());
    hasChecked = true;
    if (ledTerm === null) return;
    const shown = showLine();
    for (const problem of opened) {
      const { code, severity, since, line } = show(problem, shown);
      log.warn({ code, severity, since, line }, 'problem.opened');
    }
    for (const problem of closed) {
      const { code, since, line } = show(problem, shown);
      log.info({ code, since, line }, 'problem.closed');
    }
    await write();
    deps.onChange();
  }

  async function write(): Promise<void> {
    if (known === null || ledTerm === null || !deps.isLeader()) return;
    const unwritten = known.book.takeUnwritten();
    const { put, removed } = unwritten;
    if (put.length + removed.length === 0) return;
    try {
      await store.changeProblems(put, removed);
    } catch {
      known.book.giveBack(unwritten); // a store that fails is itself a problem, and logged as one
    }
  }

  async function checkNow(): Promise<Checked> {
    try {
      const found = await read();
      known = found.known;
      const { book } = known;
      const snapshot = await known.snapshot(found);
      unnoted = snapshot.deliveries;
      await takeIn(book, findProblems(snapshot));
      return { problems: openIn(book), snapshot };
    } catch (error) {
      // a book that another replica may have changed has to be read first
      if (known !== null && ledTerm !== null && error instanceof StoreError)
        await takeIn(known.book, unreadable(error));
      throw error;
    }
  }

  /** @throws {StoreError} */
  async function note(isLast: boolean): Promise<void> {
    if (unnoted === null) return;
    const isAccepted = unnoted.lastAcceptedAt !== (noted?.lastAcceptedAt ?? null);
    if (!isAccepted && ledTerm === null) return;
    const grewMs = unnoted.silentMs - (noted?.silentMs ?? 0);
    if (!isAccepted && !isLast && grewMs < clock.toDomain(NOTE_SILENCE_EVERY_MS)) return;
    await store.noteDeliveries(unnoted);
    noted = unnoted;
  }

  function check(): Promise<Checked> {
    const next = lastCheck.then(checkNow);
    lastCheck = next.catch(() => {});
    return next;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await check();
        await note(false);
      } catch (error) {
        if (!(error instanceof StoreError)) log.error({ err: error }, 'problems.look_failed');
      }
      const ms = Math.ceil(CHECK_EVERY_MS - (clock.monotonic() % CHECK_EVERY_MS)); // wakes together with other timers
      await clock.sleepUntil(clock.now() + clock.toDomain(ms), ms, stopping.signal);
    }
  }

  return {
    check,
    open: async () => (known !== null && hasChecked ? openIn(known.book) : (await check()).problems),
    start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      await running;
      await lastCheck;
      await note(true).catch(() => {}); // then the next start knows slightly less
    },
    own() {
      const rest = clock.monotonic() < owedUntil ? owed : [];
      return [...own, ...rest.filter(({ code }) => own.every((one) => one.code !== code))];
    },
    book: () => (ledTerm !== null && deps.term() === ledTerm ? (known?.book ?? null) : null),
    write,
  };
}

/** What can't be read keeps its last known state. */
function unreadable({ fault }: StoreError): Findings {
  const undetermined = new Set(Object.keys(PROBLEM_WORDS) as ProblemCode[]);
  return { open: [{ code: 'store_failing', since: null, detail: fault }], undetermined };
}
