import type { Service } from '../simulator/model.ts';

/** One of your lines has had its card for long; the other is new, and its card isn't active yet. */
export const LINES = { known: '+12025550100', fresh: '+12025550177' } as const;

export interface Member {
  readonly line: string;
  readonly service: Service;
  readonly isGroup: boolean;
}

const person: Member = { line: LINES.known, service: 'iMessage', isGroup: false };

/** The people you write to, each with something else to show; see the script. */
export const CAST = {
  Ada: person,
  Ben: { ...person, service: 'SMS' },
  'book club': { ...person, isGroup: true },
  Chloe: person,
  Dana: { ...person, line: LINES.fresh },
  Eli: { ...person, line: LINES.fresh },
  Fay: person,
  Gus: person,
  Hugo: person,
} as const satisfies Record<string, Member>;

export type Name = keyof typeof CAST;

/** At the beginning of a sentence. */
export const inSentence = (name: Name): string => (name === 'book club' ? 'The book club' : name);

export const NAMES = Object.keys(CAST) as readonly Name[];
