import type { Subscription } from '../../../src/decide/linq-api.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { maskNumber } from '../../../src/decide/text.ts';
import type { Finding, FindingCode } from '../../../src/doctor/finding.ts';
import {
  judgeCards,
  judgeClock,
  judgeLines,
  judgeLinqFailure,
  judgeProxy,
  type Routes,
  type SeenProxy,
} from '../../../src/doctor/judge/account.ts';
import { judgeCertificate, judgeConnection, judgeName } from '../../../src/doctor/judge/address.ts';
import type { Answer } from '../../../src/doctor/judge/answer.ts';
import { judgeLocalDelivery } from '../../../src/doctor/judge/answer.ts';
import {
  judgeDatabase,
  judgeDataDirectory,
  judgeFileModes,
  judgeNativeModule,
  judgeNode,
  judgeSettings,
  type SeenDatabase,
  type SeenDirectory,
} from '../../../src/doctor/judge/machine.ts';
import { judgeRoundTrip, type SeenTrip } from '../../../src/doctor/judge/round-trip.ts';
import { judgeServer, judgeTables, type SeenServer } from '../../../src/doctor/judge/server.ts';
import { judgeProblems, judgeService, type SeenService } from '../../../src/doctor/judge/service.ts';
import {
  judgeNoPublicUrl,
  judgeSecrets,
  judgeSubscriptions,
} from '../../../src/doctor/judge/subscriptions.ts';
import { SECRET } from '../../helpers/deliver.ts';

export const NOW = Date.UTC(2026, 10, 3, 16, 20);
const DAY = 86_400_000;
export const LINE = '+12025550100';
const PUBLIC_URL = 'https://cards.example.com/webhooks/linq';
const SERVICE_URL = 'http://127.0.0.1:8080';
const DATABASE = './data/reactor.db';

export const directory = (seen: Partial<SeenDirectory> = {}) =>
  judgeDataDirectory({
    path: './data',
    exists: true,
    writeFault: null,
    fileSystem: 'ext4',
    space: { freeBytes: 50 * 2 ** 30, totalBytes: 100 * 2 ** 30 },
    ...seen,
  });
export const content = (seen: Partial<Extract<SeenDatabase, { kind: 'read' }>> = {}, isInUse = true) =>
  judgeDatabase(
    DATABASE,
    { kind: 'read', schemaVersion: 2, latest: 2, pending: [], quickCheck: 'ok', ...seen },
    isInUse,
  );
type ServerState = Extract<SeenServer, { kind: 'seen' }>['state'];
const SERVER: ServerState = {
  version: '15.4',
  versionNumber: 150_004,
  user: 'reactor',
  migrations: { state: 'current', schemaVersion: 2, latest: 2, pending: [] },
  mayUseSchema: true,
  mayCreateSchema: true,
  forbidden: [],
  synchronousCommit: 'on',
  fsync: true,
  clockAheadMs: 0,
  pooler: 'none',
  oldestTransactionSeconds: 3,
  tls: 'checked',
  isLocal: false,
};
const DATABASE_SERVER = 'postgres://db.example.com/reactor';
export const server = (state: Partial<ServerState> = {}) => judgeServer('cards', { ...SERVER, ...state });
export const tables = (state: Partial<ServerState> = {}) =>
  judgeTables(DATABASE_SERVER, { kind: 'seen', state: { ...SERVER, ...state } });
const unusable = (fault: 'denied' | 'unavailable') =>
  judgeTables(DATABASE_SERVER, { kind: 'failed', fault, message: 'it is so' });
const failed = (fault: 'corrupt' | 'broken' | 'readonly') =>
  judgeDatabase(DATABASE, { kind: 'failed', fault, message: 'it is so' }, false);
export const service = (seen: SeenService, more: { isExpected?: boolean; isDatabaseLocked?: boolean } = {}) =>
  judgeService(SERVICE_URL, seen, { isExpected: true, isDatabaseLocked: false, ...more });
const problem = (severity: 'error' | 'warning') =>
  judgeProblems(
    {
      kind: 'shown',
      problems: [
        {
          code: 'card_missing',
          severity,
          since: '2026-11-03T16:20:00.000Z',
          line: LINE,
          message: `${LINE} has no contact card.`,
          remedy: `Set one up for ${LINE}.`,
        },
      ],
    },
    true,
  );
const AT_LINQ = { baseUrl: 'https://api.linqapp.com/api/partner', isDefault: true, proxy: null };
export const ELSEWHERE = { baseUrl: 'https://linq.example.com', isDefault: false, proxy: null };
export const answered = (
  httpStatus: number,
  more: Partial<Extract<LinqAnswer, { kind: 'answered' }>> = {},
  place = AT_LINQ,
) =>
  judgeLinqFailure(
    {
      kind: 'answered',
      httpStatus,
      linqCode: null,
      traceId: null,
      hasEnvelope: true,
      isJson: true,
      retryAfterMs: null,
      ...more,
    },
    place,
  );
const proxy = (seen: SeenProxy | null, routes: Partial<Routes> = {}) =>
  judgeProxy({ linq: 'http://proxy.example.com:3128', alerts: undefined, isAnyNamed: true, ...routes }, seen);
export const subscriptions = (...changes: readonly Partial<Subscription>[]) =>
  subscriptionsFor([LINE, '+12025550101'], ...changes);
/** @param shared the lines on which we share */
export const subscriptionsFor = (shared: readonly string[], ...changes: readonly Partial<Subscription>[]) =>
  judgeSubscriptions(
    changes.map((change, index) => ({
      subscriptionId: `subscription-${index}`,
      targetUrl: `${PUBLIC_URL}?version=2026-02-03`,
      isActive: true,
      events: CORE_EVENTS,
      lines: null,
      ...change,
    })),
    PUBLIC_URL,
    shared,
    maskNumber,
  );
export const certificate = (cause: string) =>
  judgeCertificate('cards.example.com', { kind: 'failed', cause, names: ['other.example.com'] }, NOW);
export const trusted = (fromDays: number, toDays: number) =>
  judgeCertificate(
    'cards.example.com',
    { kind: 'trusted', validFrom: NOW + fromDays * DAY, validTo: NOW + toDays * DAY },
    NOW,
  );

export const TAKEN = { kind: 'accepted', proof: 'one', tookMs: 20 } as const satisfies Answer;
export const refused = (code: string, httpStatus = 401): Answer => ({ kind: 'refused', httpStatus, code });
export const foreign = (httpStatus: number): Answer => ({ kind: 'foreign', httpStatus });
export const trip = (seen: Partial<SeenTrip>) =>
  judgeRoundTrip(PUBLIC_URL, {
    plain: TAKEN,
    odd: TAKEN,
    large: TAKEN,
    local: TAKEN,
    hasReachedUs: null,
    ...seen,
  });
export const local = (answer: Answer) => judgeLocalDelivery(answer, SERVICE_URL);
const reading = (offMs: number) =>
  judgeClock({ serverAt: NOW + offMs, requestedAt: NOW, receivedAt: NOW + 50 }, 300_000, false);

/** One way to each finding. */
export const EXAMPLES: Readonly<Record<FindingCode, () => Finding | readonly Finding[]>> = {
  node_too_old: () =>
    judgeNode('18.0.0', 'contact-card-reactor needs Node.js 20.19 or newer; this is 18.0.0.'),
  native_module_unusable: () => judgeNativeModule('Run `npm rebuild better-sqlite3`.'),
  settings_wrong: () => judgeSettings({ mistakes: ['PORT: expected a port'], warnings: [] }),
  settings_odd: () => judgeSettings({ mistakes: [], warnings: ['LINQ_LINE isn’t a setting'] }),
  files_open_to_all: () => judgeFileModes([{ path: '.env', mode: 0o644, isDirectory: false }]),
  files_open_to_group: () => judgeFileModes([{ path: '.env', mode: 0o640, isDirectory: false }]),
  directory_open_to_others: () => judgeFileModes([{ path: './data', mode: 0o775, isDirectory: true }]),
  data_directory_unwritable: () => directory({ writeFault: 'EACCES' }),
  data_on_network_disk: () => directory({ fileSystem: 'nfs4' }),
  data_not_kept: () => directory({ fileSystem: 'overlay' }),
  disk_full: () => directory({ space: { freeBytes: 2 ** 20, totalBytes: 100 * 2 ** 30 } }),
  disk_low: () => directory({ space: { freeBytes: 2 ** 29, totalBytes: 100 * 2 ** 30 } }),
  database_unreadable: () => failed('readonly'),
  database_damaged: () => failed('corrupt'),
  database_foreign: () => failed('broken'),
  database_newer: () => judgeDatabase(DATABASE, { kind: 'newer' }, false),
  database_pending: () => content({ schemaVersion: 1, pending: ['0001_more'] }),
  database_unchecked: () => content({ quickCheck: null }),
  database_unreachable: () => unusable('unavailable'),
  database_denied: () => unusable('denied'),
  privileges_missing: () => server({ forbidden: ['chats'] }),
  server_too_old: () => server({ versionNumber: 130_009, version: '13.9' }),
  durability_off: () => server({ synchronousCommit: 'off' }),
  durability_local: () => server({ synchronousCommit: 'local' }),
  connection_unsafe: () => server({ tls: 'unchecked' }),
  database_clock_differs: () => server({ clockAheadMs: -5_001 }),
  old_transaction: () => server({ oldestTransactionSeconds: 900 }),
  service_down: () => service({ kind: 'silent', cause: 'ECONNREFUSED' }),
  service_elsewhere: () => service({ kind: 'silent', cause: 'ECONNREFUSED' }, { isDatabaseLocked: true }),
  service_foreign: () => service({ kind: 'foreign', httpStatus: 404 }),
  service_not_ready: () => service({ kind: 'up', notReady: ['the disk is full'] }),
  status_closed: () => judgeProblems({ kind: 'refused', httpStatus: 401 }, false),
  problem_error: () => problem('error'),
  problem_warning: () => problem('warning'),
  linq_proxy_unreachable: () => proxy({ kind: 'failed', httpStatus: null, cause: 'ECONNREFUSED' }),
  linq_proxy_refuses: () => proxy({ kind: 'failed', httpStatus: 407, cause: 'none' }),
  api_unreachable: () =>
    judgeLinqFailure({ kind: 'unanswered', mayHaveArrived: false, cause: 'dns' }, AT_LINQ),
  api_key_rejected: () => answered(401),
  api_base_url_wrong: () => answered(404, { isJson: false, hasEnvelope: false }, ELSEWHERE),
  api_intercepted: () => answered(403, { hasEnvelope: false }),
  api_limited: () => answered(429, { retryAfterMs: 120_000 }),
  api_failing: () => answered(503),
  clock_wrong: () => reading(-120_000),
  lines_none: () => judgeLines([], null, maskNumber),
  lines_unknown: () => judgeLines([LINE], new Set(['+12025550199']), maskNumber),
  card_missing: () => judgeCards([LINE], [], maskNumber),
  card_inactive: () => judgeCards([LINE], [{ line: LINE, isActive: false }], maskNumber),
  public_url_unset: () => judgeNoPublicUrl(),
  subscription_missing: () => subscriptions(),
  subscription_inactive: () => subscriptions({ isActive: false }),
  subscription_blind: () => subscriptions({ events: ['message.received'] }),
  subscription_incomplete: () => subscriptions({ events: ['message.sent'] }),
  subscription_unpinned: () => subscriptions({ targetUrl: PUBLIC_URL }),
  subscription_duplicate: () => subscriptions({}, { targetUrl: `${PUBLIC_URL}?version=2025-01-01` }),
  subscription_limited: () => subscriptions({ lines: [LINE] }),
  secret_wrong: () => judgeSecrets([SECRET], { authentic: 0, mismatched: 3 }, null, null),
  secret_differs: () => judgeSecrets([SECRET], null, { subscriptionId: 's1', isOf: () => false }, ['s1']),
  secret_orphaned: () => judgeSecrets([SECRET], null, { subscriptionId: 's1', isOf: () => true }, ['s2']),
  secret_suspect: () => judgeSecrets([`whsec_${Buffer.alloc(32, 'a').toString('base64')}`], null, null, null),
  service_secret_differs: () => local(refused('SIGNATURE_MISMATCH')),
  service_clock_differs: () => local(refused('SIGNATURE_STALE')),
  service_refuses: () => local(refused('NOT_STORED', 503)),
  name_unknown: () => judgeName('cards.example.com', { kind: 'failed', cause: 'ENOTFOUND' }, false),
  address_private: () => judgeName('cards.example.com', { kind: 'resolved', addresses: ['10.0.0.7'] }, false),
  connection_refused: () => judgeConnection('cards.example.com', 443, 'ECONNREFUSED', false),
  connection_timeout: () => judgeConnection('cards.example.com', 443, 'ETIMEDOUT', false),
  connection_failed: () => judgeConnection('cards.example.com', 443, 'EHOSTUNREACH', false),
  certificate_wrong_host: () => certificate('ERR_TLS_CERT_ALTNAME_INVALID'),
  certificate_expired: () => certificate('CERT_HAS_EXPIRED'),
  certificate_not_yet_valid: () => certificate('CERT_NOT_YET_VALID'),
  certificate_self_signed: () => certificate('DEPTH_ZERO_SELF_SIGNED_CERT'),
  certificate_unknown_authority: () => certificate('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
  certificate_expires_soon: () => trusted(-84, 6),
  tls_failed: () => certificate('ERR_SSL_WRONG_VERSION_NUMBER'),
  redirected: () =>
    trip({ plain: { kind: 'redirect', httpStatus: 301, target: 'https://www.example.com/' } }),
  path_wrong: () => trip({ plain: { kind: 'wrong_path' } }),
  login_wanted: () => trip({ plain: foreign(403) }),
  proxy_cannot_reach_service: () => trip({ plain: foreign(502) }),
  something_else_answers: () => trip({ plain: foreign(200) }),
  another_instance: () => trip({ local: { ...TAKEN, proof: 'another' } }),
  instance_unproven: () => trip({ local: null }),
  proxy_alters_bytes: () => trip({ odd: refused('SIGNATURE_MISMATCH') }),
  proxy_drops_headers: () => trip({ plain: refused('SIGNATURE_MISSING') }),
  proxy_changes_headers: () => trip({ plain: refused('SIGNATURE_MALFORMED') }),
  other_secret_there: () => trip({ plain: refused('SIGNATURE_MISMATCH'), hasReachedUs: false }),
  delivery_stale: () => trip({ plain: refused('SIGNATURE_STALE') }),
  delivery_limited: () => trip({ plain: refused('TOO_MANY_FAILURES', 429) }),
  service_busy: () => trip({ plain: refused('NOT_STORED', 503) }),
  proxy_refuses_size: () => trip({ plain: foreign(413) }),
  proxy_limits_size: () => trip({ large: foreign(413) }),
  too_slow: () => trip({ plain: { kind: 'failed', cause: 'timeout' } }),
  slow: () => trip({ plain: { ...TAKEN, tookMs: 5_001 } }),
  no_answer: () => trip({ plain: { kind: 'failed', cause: 'ECONNRESET' } }),
};
