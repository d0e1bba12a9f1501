import { CHECKS, type CheckId, FINDINGS, type FindingCode } from './codes.ts';


export type FindingState = 'ok' | 'warning' | 'error' | 'skipped';

/** What one check came to. Never holds a secret, a person's number, or a line's number in full. */
export interface Finding {
  /** Names the check; stable. */
  readonly id: CheckId;
  /** Names what is wrong; stable. Null while nothing is, or nobody could look. */
  readonly code: FindingCode | null;
  /** The check in words. */
  readonly title: string;
  readonly state: FindingState;
  /** What was found, in a sentence or two. */
  readonly message: string;
  /** What to do, to the letter; null when there is nothing to do. */
  readonly remedy: string | null;
  /** The same for programs. */
  readonly details: Readonly<Record<string, unknown>>;
}

type Details = Finding['details'];

export function fine(id: CheckId, message: string, details: Details = {}): Finding {
  return { id, code: null, title: CHECKS[id], state: 'ok', message, remedy: null, details };
}

/** @param reason why nobody looked */
export function skipped(id: CheckId, reason: string): Finding {
  return { id, code: null, title: CHECKS[id], state: 'skipped', message: reason, remedy: null, details: {} };
}

/** Something is wrong; the catalogue says which check found it and how bad it is. */
export function found(code: FindingCode, message: string, remedy: string, details: Details = {}): Finding {
  const [id, state] = FINDINGS[code];
  return { id, code, title: CHECKS[id], state, message, remedy, details };
}
