import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShareCall } from '../../src/simulator/shares.ts';
import type { Place } from './crash-points-process.ts';
import { DATABASE_PATH, type Stored, type StoredAttempt } from './database.ts';
import type { Planned } from './deliveries.ts';
import { foldFacts, isSameFacts } from './facts.ts';

/** What can be seen of a process that ended at a point. */
export interface Death {
  readonly directory: string;
  readonly before: Stored;
  readonly after: Stored;
  readonly chats: ReadonlyMap<string, readonly Planned[]>;
  readonly calls: readonly ShareCall[];
  readonly hasListened: boolean;
}

/** A place at which a process is killed that serves, or starts to. */
export interface CrashPoint extends Place {
  /** It is killed there when it comes by for the n-th time; n is chosen up to this. */
  readonly most: number;
  /** Shows from the outside that it died there: what is done by then is done, what comes next isn't. */
  readonly isSeen?: (death: Death) => boolean;
}

/** Points of a process under load. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  { name: 'after verify', most: 60, isSeen: hasUnanswered },
  { name: 'in record', most: 30, isSeen: hasUnanswered },
  { name: 'in commit', most: 60, file: 'reactor.db-wal' },
  { name: 'after record', most: 6, isSeen: hasUnansweredThatIsStored },
  { name: 'in claim', most: 20 },
  { name: 'after claim', most: 6, isSeen: (death) => openOf(death).some(isNeverCalled(death)) },
  { name: 'connected', most: 20, isSeen: (death) => openOf(death).some(isNeverCalled(death)) },
  { name: 'request written', most: 30, isSeen: (death) => openOf(death).some(isCalled(death)) },
  { name: 'first response byte', most: 30, isSeen: (death) => openOf(death).some(isAnswered(death)) },
  { name: 'before settle', most: 30, isSeen: (death) => openOf(death).some(isAnswered(death)) },
  { name: 'after settle', most: 10, isSeen: ({ before, after }) => countShared(after) > countShared(before) },
  { name: 'in checkpoint', most: 60, file: 'reactor.db', isSeen: ({ directory }) => isHalfCopied(directory) },
];

/** Points of a process that finds what a killed one left. */
export const RECOVERY_POINTS: readonly CrashPoint[] = [
  { name: 'starting', most: 30, isSeen: ({ hasListened }) => !hasListened },
  { name: 'in recover', most: 1, isSeen: (death) => !death.hasListened && openOf(death).length > 0 },
  {
    name: 'after recover',
    most: 1,
    isSeen: (death) => !death.hasListened && openOf(death).length === 0,
  },
];

function hasUnanswered({ chats }: Death): boolean {
  return [...chats.values()].some((planned) => planned.some(({ state }) => state === 'sent'));
}

function hasUnansweredThatIsStored({ chats, after }: Death): boolean {
  return [...after.chats].some(([chatId, stored]) => {
    const acked = (chats.get(chatId) ?? []).filter(({ state }) => state === 'acked');
    return !isSameFacts(foldFacts(acked.map(({ told }) => told)), stored);
  });
}

function openOf({ after }: Death): readonly StoredAttempt[] {
  return after.attempts.filter(({ outcome }) => outcome === null);
}

/** Two processes' clocks may disagree by that much. */
const SKEW_MS = 5;

const callOf = ({ calls }: Death, { chatId, startedAt }: StoredAttempt) =>
  calls.find((call) => call.chatId === chatId && call.arrivedAt >= startedAt - SKEW_MS);
const isCalled = (death: Death) => (attempt: StoredAttempt) => callOf(death, attempt) !== undefined;
const isNeverCalled = (death: Death) => (attempt: StoredAttempt) => callOf(death, attempt) === undefined;
const isAnswered = (death: Death) => (attempt: StoredAttempt) =>
  (callOf(death, attempt)?.answeredMonotonicMs ?? null) !== null;

const countShared = ({ attempts }: Stored) => attempts.filter(({ outcome }) => outcome === 'shared').length;

/** Where the log's index (sqlite.org/walformat.html) says how many frames are copied, and are about to be. */
const COPIED_AT = 96;
const COPYING_AT = 128;

function isHalfCopied(directory: string): boolean {
  const index = readFileSync(`${join(directory, DATABASE_PATH)}-shm`);
  return !index.subarray(COPIED_AT, COPIED_AT + 4).equals(index.subarray(COPYING_AT, COPYING_AT + 4));
}
