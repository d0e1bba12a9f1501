import { type CatchUpFailing, isCatchUpFailing } from '../../decide/catch-up.ts';
import { ACCOUNT_HOLDS, LINE_HOLDS, standingHold } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { type EpochMs, MINUTE } from '../../decide/time.ts';
import type { DispatcherSnapshot } from '../../dispatch/dispatcher.ts';
import type { ReportedProblem, SeenReplica } from '../../store/store.ts';
import { bytesInWords, durationInWords } from '../view/wording.ts';
import type { OpenProblem, ProblemCode } from './problem-words.ts';
import {
  type BackupState,
  type DiskSpace,
  isDiskLow,
  type OverdueState,
  type SignatureState,
} from './signs.ts';
import type { StoreProbe } from './store-probe.ts';

/** What problems are derived from, all from the same moment. */
export interface ProblemSnapshot {
  readonly now: EpochMs;
  readonly dispatcher: DispatcherSnapshot;
  readonly probe: StoreProbe;
  readonly quarantined: { readonly count: number; readonly oldestAt: EpochMs | null };
  readonly parked: { readonly count: number; readonly oldestAt: EpochMs | null };
  /** How long no delivery has been accepted, and the limit (0: no limit). */
  readonly silence: { readonly silentMs: number; readonly limitMs: number };
  readonly signatures: SignatureState;
  readonly overdue: OverdueState;
  /** Null: unknown. */
  readonly disk: DiskSpace | null;
  readonly backup: BackupState;
  readonly subscription: SubscriptionState;
  /** Why catch-up fails; null: it works. */
  readonly catchUp: CatchUpFailing | null;
  readonly alerts: AlertState;
  /** Replicas that share the store decide by different settings. */
  readonly doSettingsDiffer: boolean;
  /** This replica; null with SQLite, where it is the only one. */
  readonly replicaId: string | null;
  /** The others that live. */
  readonly others: readonly Pick<SeenReplica, 'id' | 'report'>[];
  readonly policy: Policy;
}

/** `unknown`: not checked yet. `unwatched`: PUBLIC_URL isn't set, so it can't be checked, and no problem stays open. */
export type SubscriptionState = 'fine' | 'missing' | 'inactive' | 'unknown' | 'unwatched';

/** Whether alerts are accepted. `unknown`: none was posted yet. */
export type AlertState = 'fine' | 'unknown' | { readonly failingSince: EpochMs; readonly cause: string };

/** The open problems, and the codes that can't be determined now: those keep their state. */
export interface Findings {
  readonly open: readonly OpenProblem[];
  /** Those that only this process can see: the others learn them from its report. */
  readonly own?: readonly ReportedProblem[];
  readonly undetermined: ReadonlySet<ProblemCode>;
}

/** An unavailable API becomes an error after this; shorter outages are common and pass. */
const UNAVAILABLE_ERROR_MS = 10 * MINUTE;

export function findProblems(snapshot: ProblemSnapshot): Findings {
  const { signatures, overdue, backup, subscription, alerts } = snapshot;
  const unknown: readonly [ProblemCode, boolean][] = [
    ['signature_failures', signatures === 'unknown'],
    ['shares_overdue', overdue === 'unknown'],
    ['backup_stale', backup === 'unknown'],
    ['alerts_failing', alerts === 'unknown'],
    ['subscription_missing', subscription === 'unknown'],
    ['subscription_inactive', subscription === 'unknown'],
  ];
  const seen = [
    ...accountProblems(snapshot),
    ...lineProblems(snapshot),
    ...ownProblems(snapshot),
    ...worldProblems(snapshot),
  ];
  const own = reportable(seen, snapshot.now);
  return {
    open: [...seen.filter(({ code }) => !isOwn(code)), ...joined(own, snapshot)],
    own,
    undetermined: new Set(unknown.filter(([, isUnknown]) => isUnknown).map(([code]) => code)),
  };
}

/** What one process alone can see: its clock, its way to the database, and the deliveries that reach it. */
const OWN: readonly ProblemCode[] = ['clock_skew', 'store_failing', 'signature_failures'];

const isOwn = (code: string) => OWN.some((own) => own === code);

/** What a replica reports to the others. */
export function reportable(seen: readonly OpenProblem[], now: EpochMs): readonly ReportedProblem[] {
  return seen
    .filter(({ code }) => isOwn(code))
    .map(({ code, since, noticedAt, errorSince, detail }) => {
      return {
        code,
        since: since ?? noticedAt ?? now,
        errorSince: errorSince ?? null,
        detail: detail ?? null,
      };
    });
}

/** One problem of each code, whichever replicas see it. */
function joined(
  own: readonly ReportedProblem[],
  { replicaId, others }: Pick<ProblemSnapshot, 'replicaId' | 'others'>,
): OpenProblem[] {
  const reports = [{ id: replicaId ?? '', report: { problems: own } }, ...others];
  return OWN.flatMap((code): OpenProblem[] => {
    const seen = reports.flatMap(({ id, report }) =>
      report.problems.filter((problem) => problem.code === code).map((problem) => ({ id, ...problem })),
    );
    if (seen.length === 0) return [];
    const errors = seen.flatMap(({ errorSince }) => errorSince ?? []);
    const detail = seen.map((one) => one.detail).find((one) => one !== null);
    return [
      {
        code,
        since: null,
        noticedAt: Math.min(...seen.map(({ since }) => since)),
        ...(errors.length === 0 ? {} : { errorSince: Math.min(...errors) }),
        ...(detail === undefined || detail === null ? {} : { detail }),
        ...(seen.length === reports.length ? {} : { replicas: seen.map(({ id }) => id) }),
      },
    ];
  });
}

/** Problems of the service's own data and work. */
function ownProblems(snapshot: ProblemSnapshot): OpenProblem[] {
  const { probe, quarantined, parked, overdue, disk, backup, catchUp, alerts } = snapshot;
  const open: OpenProblem[] = [];
  if (!probe.isWritable) {
    open.push({ code: 'store_failing', since: null, noticedAt: probe.failingSince, detail: probe.fault });
  }
  if (quarantined.count > 0) {
    open.push({ code: 'unreadable_deliveries', since: quarantined.oldestAt, detail: `${quarantined.count}` });
  }
  if (parked.count > 0)
    open.push({ code: 'chats_parked', since: parked.oldestAt, detail: `${parked.count}` });
  if (overdue === 'overdue') open.push({ code: 'shares_overdue', since: null });
  if (disk !== null && isDiskLow(disk))
    open.push({ code: 'disk_low', since: null, detail: bytesInWords(disk.freeBytes) });
  if (backup === 'stale') open.push({ code: 'backup_stale', since: null });
  if (isCatchUpFailing(catchUp))
    open.push({ code: 'catch_up_failing', since: catchUp.since, detail: catchUp.cause });
  if (typeof alerts === 'object') {
    const { failingSince, cause } = alerts;
    open.push({ code: 'alerts_failing', since: null, noticedAt: failingSince, detail: cause });
  }
  if (snapshot.doSettingsDiffer) open.push({ code: 'settings_differ', since: null });
  return open;
}

/** Problems of incoming webhooks, and of the clock they are checked against. */
function worldProblems({
  now,
  dispatcher,
  silence,
  signatures,
  subscription,
}: ProblemSnapshot): OpenProblem[] {
  const open: OpenProblem[] = [];
  if (dispatcher.clockDistrustedSince !== null)
    open.push({ code: 'clock_skew', since: null, noticedAt: dispatcher.clockDistrustedSince });
  const { silentMs, limitMs } = silence;
  if (limitMs > 0 && silentMs >= limitMs) {
    const detail = durationInWords(silentMs);
    open.push({ code: 'webhooks_silent', since: null, noticedAt: now - silentMs, detail });
  }
  if (typeof signatures === 'object') {
    const { since, isAll } = signatures;
    const worse = isAll && since !== null ? { errorSince: since } : {};
    open.push({ code: 'signature_failures', since: null, noticedAt: since, ...worse });
  }
  if (subscription === 'missing' || subscription === 'inactive')
    open.push({ code: `subscription_${subscription}`, since: null });
  return open;
}

function accountProblems({ dispatcher, now }: ProblemSnapshot): OpenProblem[] {
  // every hold separately: the snapshot's own is only the first of them
  return ACCOUNT_HOLDS.flatMap((code): OpenProblem[] => {
    if (code === 'paused') return [];
    const since = standingHold(dispatcher.holds, code, now)?.since ?? null;
    if (since === null) return [];
    const isLasting = code === 'api_unavailable' && now - since > UNAVAILABLE_ERROR_MS;
    return [{ code, since, ...(isLasting ? { errorSince: since + UNAVAILABLE_ERROR_MS } : {}) }];
  });
}

function lineProblems({ dispatcher, policy }: ProblemSnapshot): OpenProblem[] {
  const served = dispatcher.lines.filter(({ line }) => policy.lines === null || policy.lines.has(line.line));
  return served.flatMap(({ line: { line, card, cardCheckedAt }, hold }): OpenProblem[] => {
    const code = LINE_HOLDS.find((reason) => reason === hold?.reason);
    return [
      ...(code === undefined ? [] : [{ code, since: hold?.since ?? null, line }]),
      // it is known when the card was last checked, not since when it has this state
      ...(card === 'missing' || card === 'inactive'
        ? [{ code: `card_${card}` as const, since: null, noticedAt: cardCheckedAt, line }]
        : []),
    ];
  });
}
