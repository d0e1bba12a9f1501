import { boolean, directory, duration, oneOf, wholeNumber } from './kinds.ts';
import { alertUrl } from './network-kinds.ts';
import { setting } from './setting.ts';

/** Settings that say what the service takes in, keeps and tells. */
export const OPERATION_SETTINGS = {
  tolerance: setting(
    'WEBHOOK_TOLERANCE',
    '5m',
    duration('1s', '24h'),
    'How far a signed time may be from ours.',
    'WEBHOOK_TOLERANCE=5m',
  ),
  acceptLegacy: setting(
    'ACCEPT_LEGACY_SIGNATURES',
    'false',
    boolean,
    'Take the deprecated X-Webhook-* signatures when no current one is present.',
    'ACCEPT_LEGACY_SIGNATURES=true',
  ),
  rateLimit: setting(
    'WEBHOOK_RATE_LIMIT',
    '60000',
    wholeNumber(0, 1_000_000_000),
    'Most deliveries a minute and address; 0: no limit.',
    'WEBHOOK_RATE_LIMIT=60000',
  ),
  silentAfter: setting(
    'WEBHOOKS_SILENT_AFTER',
    '24h',
    duration('1s', '365d', 'never'),
    'After so long without any accepted delivery, status tells of a problem.',
    'WEBHOOKS_SILENT_AFTER=24h',
  ),
  attemptRetention: setting(
    'ATTEMPT_RETENTION',
    '90d',
    duration('1s', '3650d', 'for ever'),
    'How long the attempts of a chat are kept.',
    'ATTEMPT_RETENTION=90d',
  ),
  backupEvery: setting(
    'BACKUP_EVERY',
    '0',
    duration('1s', '365d', 'never'),
    'How often to back up the database while the service runs.',
    'BACKUP_EVERY=24h',
  ),
  backupKeep: setting(
    'BACKUP_KEEP',
    '7',
    wholeNumber(1, 10_000),
    'How many of these backups to keep; the oldest goes first.',
    'BACKUP_KEEP=7',
  ),
  backupDir: setting(
    'BACKUP_DIR',
    './data/backups',
    directory,
    'Where these backups go; best on another disk.',
    'BACKUP_DIR=./data/backups',
  ),
  alertUrl: setting(
    'ALERT_WEBHOOK_URL',
    null,
    alertUrl,
    'Gets a JSON POST when a problem opens or closes.',
    'ALERT_WEBHOOK_URL=https://hooks.example.com/…',
    { isSecret: true },
  ),
  showNumbers: setting(
    'SHOW_NUMBERS',
    'false',
    boolean,
    'Show your lines’ numbers in full.',
    'SHOW_NUMBERS=true',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    'info',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'debug also tells each accepted delivery.',
    'LOG_LEVEL=debug',
  ),
  logFormat: setting(
    'LOG_FORMAT',
    null,
    oneOf('json', 'pretty'),
    'Unset: pretty on a terminal, json otherwise.',
    'LOG_FORMAT=json',
  ),
} as const;
