import type { Kind } from './kinds.ts';

export interface Setting<T> {
  readonly name: string;
  /** Other names that mean the same. */
  readonly aliases: readonly string[];
  /** The text that stands for an unset variable; null: there is none. */
  readonly fallback: string | null;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  /** Other programs read it as well, under either name, so two that differ are no mistake: the alias wins, as in curl. */
  readonly isShared: boolean;
  /** One line for `.env.example`: why one would set it. */
  readonly why: string;
  readonly example: string;
  readonly kind: Kind<T>;
}

type Extra = Partial<Pick<Setting<unknown>, 'aliases' | 'isRequired' | 'isSecret' | 'isShared'>>;

export function setting<T>(
  name: string,
  fallback: string | null,
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Setting<T> {
  return {
    aliases: [],
    isRequired: false,
    isSecret: false,
    isShared: false,
    ...extra,
    name,
    fallback,
    kind,
    why,
    example,
  };
}
