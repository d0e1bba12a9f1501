import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reached } from './suites.ts';

/** A slice that ended by itself. */
export interface Slice {
  readonly suite: string;
  readonly seed: number;
  readonly done: number;
  readonly seconds: number;
  /** ISO 8601, UTC. */
  readonly endedAt: string;
  readonly commit: string;
  /** All that it reported, suite by suite: a file may hold more than one. */
  readonly reached: Readonly<Record<string, Reached>>;
  /** 0 exactly when it passed. */
  readonly violations: number;
}

export interface Machine {
  readonly node: string;
  readonly sqlite: string;
  readonly system: string;
  readonly cpus: number;
}

export interface State {
  /** What was tested: a hash of the program's sources; another program begins anew. */
  readonly program: string;
  readonly machine: Machine;
  readonly slices: readonly Slice[];
}

/** Null: there is none. @throws when it can't be read as one */
export function readState(path: string): State | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as State) : null;
}

/** In one step, so that whoever is killed meanwhile leaves the old one. */
export function writeState(path: string, state: State): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 1)}\n`);
  renameSync(`${path}.new`, path);
}

/** What the slices of a suite came to. */
export interface Progress {
  readonly done: number;
  readonly slices: number;
  readonly seconds: number;
  readonly violations: number;
}

export function progressOf(slices: readonly Slice[], suite: string): Progress {
  const ours = slices.filter((slice) => slice.suite === suite);
  const sum = (of: (slice: Slice) => number) => ours.reduce((total, slice) => total + of(slice), 0);
  return {
    done: sum(({ done, violations }) => (violations === 0 ? done : 0)),
    slices: ours.length,
    seconds: sum(({ seconds }) => seconds),
    violations: sum(({ violations }) => violations),
  };
}
