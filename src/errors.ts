/** Everything this program throws on purpose. Branch and assert on `code`, never on the message. */
export abstract class ReactorError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** Settings can't be used; the message lists every mistake. The process exits with 3. */
export class ConfigError extends ReactorError {
  readonly code = 'REACTOR_CONFIG';
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

/** An authentic delivery that this version can't read: quarantined and answered 202. Names the field, never its value. */
export class PayloadError extends ReactorError {
  readonly code = 'REACTOR_PAYLOAD';
  /** The delivery's event type, where it could be read. */
  readonly eventType: string | null;
  constructor(message: string, eventType: string | null = null) {
    super(message);
    this.eventType = eventType;
  }
}

export type StoreFault = 'busy' | 'full' | 'readonly' | 'corrupt' | 'io' | 'locked' | 'newer' | 'broken';

/** The store can't do its work now: answered 503. `corrupt` and `io` end the process. */
export class StoreError extends ReactorError {
  readonly code = 'REACTOR_STORE';
  readonly fault: StoreFault;
  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** A verb of the command line was used wrongly: exit 2. */
export class UsageError extends ReactorError {
  readonly code = 'REACTOR_USAGE';
}

/** The running service couldn't be reached: exit 5. */
export class UnreachableError extends ReactorError {
  readonly code = 'REACTOR_UNREACHABLE';
}
