import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { ReactorEvent } from '../decide/event.ts';
import type { EpochMs } from '../decide/time.ts';
import { PayloadError } from '../errors.ts';
import type { QuarantinedRow, QuarantineKey, QuarantineStore } from '../store/store.ts';
import type { ParsedDelivery } from './parse.ts';
import { decodeSecret } from './verify.ts';

export interface ReplayDeps {
  readonly store: Pick<
    QuarantineStore,
    'quarantined' | 'sealedDelivery' | 'endQuarantine' | 'recauseQuarantined'
  >;
  /** The webhook secrets that are configured. */
  readonly secrets: readonly string[];
  /** @throws PayloadError */
  readonly parse: (raw: Buffer) => ParsedDelivery;
  /** Resolves after the commit; rejects when the store can't commit now. */
  readonly record: (event: ReactorEvent) => Promise<'stored' | { readonly unstorable: string }>;
  readonly now: () => EpochMs;
  readonly log: { info(fields: object, event: string): void };
}

/** A row of the list. */
export interface QuarantineEntry extends Omit<QuarantinedRow, 'id' | 'webhookId'> {
  /** The webhook's id, which redeliveries share; our own id if the signature covered none. */
  readonly eventId: string;
  /** A configured secret can decrypt it, and this version can read it. */
  readonly replayable: boolean;
}

export interface Quarantine {
  /** Encrypts a body under the secret (by its index) that verified it. */
  seal(raw: Buffer, secretIndex: number): Buffer;
  /** Newest first. */
  list(): Promise<readonly QuarantineEntry[]>;
  /**
   * Records, row by row, what can now be read and stored; the rest stays, with its cause. Safe to repeat.
   * @param eventId null: everything; resolves to null when there is no row with this id
   */
  replay(eventId: string | null): Promise<{ replayed: number; failed: number } | null>;
}

type Opened = { readonly raw: Buffer } | { readonly cause: string };

const NO_SECRET =
  'encrypted under a secret that is no longer configured; add it to LINQ_WEBHOOK_SECRET again to read it';
const eventIdOf = ({ id, webhookId }: QuarantinedRow) => webhookId ?? `row-${id}`;

/** Deliveries that couldn't be read: encrypts, lists and replays them. */
export function createQuarantine({ store, secrets, parse, record, now, log }: ReplayDeps): Quarantine {
  /** Cached: decrypting and parsing many rows is slow, and the result can't change while this process lives. */
  let readable = new Map<string, boolean>();
  let lastReplay: Promise<unknown> = Promise.resolve();

  /** Null: the row no longer exists. */
  async function open(row: QuarantineKey): Promise<Opened | null> {
    const sealed = await store.sealedDelivery(row);
    if (sealed === null) return null;
    const raws = secrets.map((secret) => openSealed(sealed, secret));
    const raw = raws.find((opened) => opened !== null) ?? null;
    return raw === null ? { cause: NO_SECRET } : { raw };
  }

  async function isReadable(row: QuarantinedRow): Promise<boolean> {
    await eventLoopTurn(); // deliveries go first
    const opened = await open(row);
    if (opened === null || 'cause' in opened) return false;
    return 'kind' in tryParse(opened.raw);
  }

  function tryParse(raw: Buffer): ParsedDelivery | Pick<QuarantinedRow, 'cause' | 'eventType'> {
    try {
      return parse(raw);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      return { cause: error.message, eventType: error.eventType };
    }
  }

  /** Why it failed; null: it was recorded, or no longer exists. */
  async function recordRow(row: QuarantinedRow): Promise<Pick<QuarantinedRow, 'cause' | 'eventType'> | null> {
    await eventLoopTurn();
    const opened = await open(row);
    if (opened === null) return null;
    if ('cause' in opened) return { ...opened, eventType: row.eventType };
    const parsed = tryParse(opened.raw);
    if ('cause' in parsed) return parsed;
    const result = parsed.kind === 'ignored' ? 'stored' : await record(parsed.event);
    return result === 'stored' ? null : { cause: result.unstorable, eventType: parsed.eventType };
  }

  async function replayNow(eventId: string | null): Promise<{ replayed: number; failed: number } | null> {
    const all = await store.quarantined(now());
    const rows = all.filter((row) => eventId === null || eventIdOf(row) === eventId);
    if (eventId !== null && rows.length === 0) return null;
    let failed = 0;
    for (const row of rows) {
      const failure = await recordRow(row);
      if (failure !== null) failed++;
      if (failure === null) await store.endQuarantine(row);
      else if (failure.cause !== row.cause || failure.eventType !== row.eventType)
        await store.recauseQuarantined(row, failure);
    }
    const result = { replayed: rows.length - failed, failed };
    log.info(result, 'quarantine.replayed');
    return result;
  }

  return {
    seal: (raw, secretIndex) => sealDelivery(raw, secrets[secretIndex] ?? ''),
    async list() {
      const rows = await store.quarantined(now());
      const before = readable;
      readable = new Map();
      const entries: QuarantineEntry[] = [];
      for (const row of rows) {
        const key = `${row.id} ${row.receivedAt}`;
        const replayable = before.get(key) ?? (await isReadable(row));
        readable.set(key, replayable);
        const { receivedAt, eventType, cause } = row;
        entries.push({ eventId: eventIdOf(row), receivedAt, eventType, cause, replayable });
      }
      return entries;
    },
    replay(eventId) {
      const result = lastReplay.then(() => replayNow(eventId)); // one replay at a time: each row is recorded once
      lastReplay = result.catch(() => {});
      return result;
    },
  };
}

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + IV_BYTES + TAG_BYTES;
const CIPHER = 'aes-256-gcm';

/**
 * Encrypts a delivery's raw body under a key derived (HKDF-SHA256) from the webhook secret that verified it, so that the
 * database alone doesn't reveal it. Layout: format byte, IV, tag, ciphertext.
 */
export function sealDelivery(raw: Buffer, secret: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret), iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.of(FORMAT));
  const ciphertext = [cipher.update(raw), cipher.final()];
  return Buffer.concat([Buffer.of(FORMAT), iv, cipher.getAuthTag(), ...ciphertext]);
}

/** The raw body; null when it was encrypted under another secret, or changed. */
export function openSealed(sealed: Buffer, secret: string): Buffer | null {
  if (sealed.length < HEADER_BYTES || sealed[0] !== FORMAT) return null;
  const iv = sealed.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv(CIPHER, keyOf(secret), iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.of(FORMAT));
  decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Cached, one per webhook secret: deriving a key costs as much as encrypting 20 kB. */
const KEYS = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  let key = KEYS.get(secret);
  if (key === undefined) {
    const bytes = hkdfSync('sha256', decodeSecret(secret), '', 'contact-card-reactor quarantine', 32);
    key = createSecretKey(Buffer.from(bytes));
    KEYS.set(secret, key);
  }
  return key;
}
