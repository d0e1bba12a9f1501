import { ENTRY } from './entry.ts';
import { KEEPING } from './keeping.ts';
import type { Mutant } from './mutant.ts';
import { REPLICAS } from './replicas.ts';
import { SHARING } from './sharing.ts';

/** Protective lines, each broken once; the tests named beside it must see that. */
export const MUTANTS: readonly Mutant[] = [...KEEPING, ...SHARING, ...ENTRY, ...REPLICAS];
