export type FindingState = 'ok' | 'warning' | 'error' | 'skipped';

/** The result of one check. Never holds a secret, a person's number, or a line's full number. */
export interface Finding {
  /** The check's stable name. */
  readonly id: CheckId;
  /** The problem's stable name. Null if nothing is wrong or the check couldn't be made. */
  readonly code: FindingCode | null;
  /** The check in words. */
  readonly title: string;
  readonly state: FindingState;
  /** What was found, in a sentence or two. */
  readonly message: string;
  /** Exact instructions; null when there is nothing to do. */
  readonly remedy: string | null;
  /** The same for programs. */
  readonly details: Readonly<Record<string, unknown>>;
}

type Details = Finding['details'];

export function fine(id: CheckId, message: string, details: Details = {}): Finding {
  return { id, code: null, title: CHECKS[id], state: 'ok', message, remedy: null, details };
}

/** @param reason why the check was skipped */
export function skipped(id: CheckId, reason: string): Finding {
  return { id, code: null, title: CHECKS[id], state: 'skipped', message: reason, remedy: null, details: {} };
}

/** Reports a problem; the catalogue says which check found it and how severe it is. */
export function found(code: FindingCode, message: string, remedy: string, details: Details = {}): Finding {
  const [id, state] = FINDINGS[code];
  return { id, code, title: CHECKS[id], state, message, remedy, details };
}

/** Every check with its title, in the order in which they run. */
export const CHECKS = {
  node: 'Node.js',
  native_module: 'SQLite’s native module',
  settings: 'Settings',
  file_modes: 'File permissions',
  data_directory: 'Data directory',
  database: 'Database',
  database_server: 'Database server',
  service: 'Running service',
  problems: 'Open problems',
  linq_proxy: 'Proxy to Linq',
  api_key: 'Linq API key',
  clock: 'Clock',
  lines: 'Lines',
  cards: 'Contact cards',
  subscription: 'Webhook subscription',
  webhook_secret: 'Webhook secret',
  local_delivery: 'Signed delivery to the service',
  public_name: 'Public URL: name',
  public_connection: 'Public URL: connection',
  public_certificate: 'Public URL: certificate',
  round_trip: 'Public URL: signed round trip',
} as const;

export type CheckId = keyof typeof CHECKS;

/** Every possible problem: its check and severity. `docs/doctor.md` explains each one. */
export const FINDINGS = {
  node_too_old: ['node', 'error'],
  native_module_unusable: ['native_module', 'error'],
  settings_wrong: ['settings', 'error'],
  settings_odd: ['settings', 'warning'],
  files_open_to_all: ['file_modes', 'error'],
  files_open_to_group: ['file_modes', 'warning'],
  directory_open_to_others: ['file_modes', 'error'],
  data_directory_unwritable: ['data_directory', 'error'],
  data_on_network_disk: ['data_directory', 'error'],
  data_not_kept: ['data_directory', 'warning'],
  disk_full: ['data_directory', 'error'],
  disk_low: ['data_directory', 'warning'],
  database_unreadable: ['database', 'error'],
  database_damaged: ['database', 'error'],
  database_foreign: ['database', 'error'],
  database_newer: ['database', 'error'],
  database_pending: ['database', 'warning'],
  database_unchecked: ['database', 'warning'],
  database_unreachable: ['database', 'error'],
  database_denied: ['database', 'error'],
  privileges_missing: ['database_server', 'error'],
  server_too_old: ['database_server', 'error'],
  durability_off: ['database_server', 'error'],
  durability_local: ['database_server', 'warning'],
  connection_unsafe: ['database_server', 'warning'],
  database_clock_differs: ['database_server', 'warning'],
  old_transaction: ['database_server', 'warning'],
  service_down: ['service', 'error'],
  service_elsewhere: ['service', 'error'],
  service_foreign: ['service', 'error'],
  service_not_ready: ['service', 'error'],
  status_closed: ['problems', 'warning'],
  problem_error: ['problems', 'error'],
  problem_warning: ['problems', 'warning'],
  linq_proxy_unreachable: ['linq_proxy', 'error'],
  linq_proxy_refuses: ['linq_proxy', 'error'],
  api_unreachable: ['api_key', 'error'],
  api_key_rejected: ['api_key', 'error'],
  api_base_url_wrong: ['api_key', 'error'],
  api_intercepted: ['api_key', 'error'],
  api_limited: ['api_key', 'warning'],
  api_failing: ['api_key', 'error'],
  clock_wrong: ['clock', 'error'],
  lines_none: ['lines', 'error'],
  lines_unknown: ['lines', 'error'],
  card_missing: ['cards', 'warning'],
  card_inactive: ['cards', 'warning'],
  public_url_unset: ['subscription', 'warning'],
  subscription_missing: ['subscription', 'error'],
  subscription_inactive: ['subscription', 'error'],
  subscription_blind: ['subscription', 'error'],
  subscription_incomplete: ['subscription', 'warning'],
  subscription_unpinned: ['subscription', 'warning'],
  subscription_duplicate: ['subscription', 'warning'],
  subscription_limited: ['subscription', 'warning'],
  secret_wrong: ['webhook_secret', 'error'],
  secret_differs: ['webhook_secret', 'error'],
  secret_orphaned: ['webhook_secret', 'error'],
  secret_suspect: ['webhook_secret', 'warning'],
  service_secret_differs: ['local_delivery', 'error'],
  service_clock_differs: ['local_delivery', 'error'],
  service_refuses: ['local_delivery', 'error'],
  name_unknown: ['public_name', 'error'],
  address_private: ['public_name', 'warning'],
  connection_refused: ['public_connection', 'error'],
  connection_timeout: ['public_connection', 'error'],
  connection_failed: ['public_connection', 'error'],
  certificate_wrong_host: ['public_certificate', 'error'],
  certificate_expired: ['public_certificate', 'error'],
  certificate_not_yet_valid: ['public_certificate', 'error'],
  certificate_self_signed: ['public_certificate', 'error'],
  certificate_unknown_authority: ['public_certificate', 'error'],
  certificate_expires_soon: ['public_certificate', 'warning'],
  tls_failed: ['public_certificate', 'error'],
  redirected: ['round_trip', 'error'],
  path_wrong: ['round_trip', 'error'],
  login_wanted: ['round_trip', 'error'],
  proxy_cannot_reach_service: ['round_trip', 'error'],
  something_else_answers: ['round_trip', 'error'],
  another_instance: ['round_trip', 'error'],
  instance_unproven: ['round_trip', 'warning'],
  proxy_alters_bytes: ['round_trip', 'error'],
  proxy_drops_headers: ['round_trip', 'error'],
  proxy_changes_headers: ['round_trip', 'error'],
  other_secret_there: ['round_trip', 'error'],
  delivery_stale: ['round_trip', 'error'],
  delivery_limited: ['round_trip', 'error'],
  service_busy: ['round_trip', 'error'],
  proxy_refuses_size: ['round_trip', 'error'],
  proxy_limits_size: ['round_trip', 'warning'],
  too_slow: ['round_trip', 'error'],
  slow: ['round_trip', 'warning'],
  no_answer: ['round_trip', 'error'],
} as const satisfies Readonly<Record<string, readonly [CheckId, 'warning' | 'error']>>;

export type FindingCode = keyof typeof FINDINGS;

/** The overall result, which decides the exit code. */
export type Verdict = 'fine' | 'configuration' | 'unreachable' | 'degraded';

const ABOUT_SETTINGS: readonly FindingCode[] = ['settings_wrong'];
const ABOUT_REACHING: readonly FindingCode[] = [
  'service_down',
  'service_elsewhere',
  'service_foreign',
  'linq_proxy_unreachable',
  'linq_proxy_refuses',
  'api_unreachable',
  'api_intercepted',
];

/**
 * The first that applies: settings are wrong; the service or Linq can't be reached; any other error. Earlier
 * ones explain later ones, and should be fixed first.
 * @param isStrict a warning counts as an error
 */
export function decideVerdict(findings: readonly Finding[], isStrict: boolean): Verdict {
  const has = (codes: readonly FindingCode[]) =>
    findings.some(({ code }) => code !== null && codes.includes(code));
  if (has(ABOUT_SETTINGS)) return 'configuration';
  if (has(ABOUT_REACHING)) return 'unreachable';
  const isBad = findings.some(({ state }) => state === 'error' || (isStrict && state === 'warning'));
  return isBad ? 'degraded' : 'fine';
}
