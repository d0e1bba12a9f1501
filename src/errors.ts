/** Everything this program throws on purpose. Branch and assert on `code`, never on the message. */
export abstract class ReactorError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

interface ConfigErrorOptions extends ErrorOptions {
  readonly mistakes?: readonly string[];
  readonly warnings?: readonly string[];
}

/** The settings can't be used; the message lists every mistake. The process exits with 3. */
export class ConfigError extends ReactorError {
  readonly code = 'REACTOR_CONFIG';
  /** One sentence each, the same as in the message; never a secret's value. */
  readonly mistakes: readonly string[];
  /** Oddities in other settings that may explain these mistakes. */
  readonly warnings: readonly string[];
  constructor(message: string, { mistakes = [message], warnings = [], ...options }: ConfigErrorOptions = {}) {
    super(message, options);
    this.mistakes = mistakes;
    this.warnings = warnings;
  }
}

export type SignatureFault = 'missing' | 'malformed' | 'mismatch' | 'stale';

/** A delivery isn't authentic or isn't fresh: answered 401. */
export class SignatureError extends ReactorError {
  readonly code = 'REACTOR_SIGNATURE';
  readonly fault: SignatureFault;
  /** For `stale`: our time minus the signed time, in ms. */
  readonly skewMs: number | null;
  constructor(fault: SignatureFault, message: string, skewMs: number | null = null) {
    super(message);
    this.fault = fault;
    this.skewMs = skewMs;
  }
}

/** An authentic delivery that this version can't read: quarantined and answered 202. Names the field, not its value. */
export class PayloadError extends ReactorError {
  readonly code = 'REACTOR_PAYLOAD';
  /** The delivery's event type, where it could be read. */
  readonly eventType: string | null;
  constructor(message: string, eventType: string | null = null) {
    super(message);
    this.eventType = eventType;
  }
}

/**
 * `unavailable`: a database server can't be reached, or is just starting or stopping; it comes back by itself. `denied`:
 * it doesn't let us in, or not do what we need; somebody has to change that. `outdated`: another replica has corrected the
 * clock, and the caller's doesn't follow yet. `reverted`: the database knows less than it did, as after a point-in-time
 * recovery.
 */
export type StoreFault =
  | 'busy'
  | 'full'
  | 'readonly'
  | 'corrupt'
  | 'io'
  | 'locked'
  | 'newer'
  | 'unavailable'
  | 'denied'
  | 'outdated'
  | 'reverted'
  | 'broken';

/** What failed in the storage, and when. */
export interface StoreFailure {
  readonly fault: StoreFault;
  /** Real milliseconds that never step. */
  readonly at: number;
}

/** The store can't work now: answered 503. `corrupt` and `io` end the process. */
export class StoreError extends ReactorError {
  readonly code = 'REACTOR_STORE';
  readonly fault: StoreFault;
  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** Reading what webhooks missed failed and is retried later. The message is one short word for the cause. */
export class CatchUpError extends ReactorError {
  readonly code = 'REACTOR_CATCH_UP';
}

/** A proxy doesn't answer, or refuses the tunnel. Never contains its own words, which may quote what was sent. */
export class ProxyError extends ReactorError {
  readonly code = 'REACTOR_PROXY';
  /** Null: it didn't answer. */
  readonly httpStatus: number | null;
  constructor(httpStatus: number | null, options?: ErrorOptions) {
    super(httpStatus === null ? 'the proxy doesn’t answer' : `the proxy answers ${httpStatus}`, options);
    this.httpStatus = httpStatus;
  }
}

/** The service can't start; the message is a sentence that says what to do. The process exits with 1. */
export class StartError extends ReactorError {
  readonly code = 'REACTOR_START';
}

/** The command line was used wrongly. The process exits with 2. */
export class UsageError extends ReactorError {
  readonly code = 'REACTOR_USAGE';
}

/** The running service couldn't be reached. The process exits with 5. */
export class UnreachableError extends ReactorError {
  readonly code = 'REACTOR_UNREACHABLE';
}

/** Setup can't continue; the message says what was done, what wasn't, and what to do. The process exits with 1. */
export class SetupError extends ReactorError {
  readonly code = 'REACTOR_SETUP';
}
