import type { ProblemCode } from '../../src/status/problems/problem-words.ts';
import { LINQ_NOTES } from './problem-notes-linq.ts';
import { OWN_NOTES } from './problem-notes-own.ts';

/** What an operator who has the problem wants to know beside its own words. */
export interface ProblemNote {
  readonly seen: string;
  readonly confirm: string;
  /** One after the other. */
  readonly steps: readonly string[];
  /** What ends it, and what ends it by itself. */
  readonly clears: string;
  /** What is lost for as long as it lasts. */
  readonly lost: string;
}

export type ProblemNotes = Readonly<Partial<Record<ProblemCode, ProblemNote>>>;

export const PROBLEM_NOTES: ProblemNotes = { ...LINQ_NOTES, ...OWN_NOTES };
