import type { Kind } from './kinds.ts';

export interface Setting<T> {
  readonly name: string;
  /** Other names that mean the same. */
  readonly aliases: readonly string[];
  /** The text used for an unset variable; null: none. */
  readonly fallback: string | null;
  /** The value of an unset variable without `fallback`; null: it must be set. */
  readonly whenUnset: ((circumstances: Circumstances) => T) | null;
  readonly isRequired: boolean;
  /** `partly`: some values are, and `kind.show` hides them. Then, too, `NAME_FILE` may name a file with the value. */
  readonly isSecret: boolean | 'partly';
  /** Other programs read either name too, so differing values aren't a mistake: the alias takes precedence, as in curl. */
  readonly isShared: boolean;
  /** One line for `.env.example`: why you would set it. */
  readonly why: string;
  readonly example: string;
  readonly kind: Kind<T>;
}

/** A setting that is simply null when unset. */
interface Optional<T> extends Omit<Setting<T | null>, 'kind'> {
  readonly kind: Kind<T>;
}

export interface Circumstances {
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** Settings by key, in nested groups, that have these values. */
export type Group<Values> = { readonly [Key in keyof Values]: Setting<Values[Key]> | Group<Values[Key]> };

export function isSetting<T>(entry: Setting<T> | Group<T>): entry is Setting<T> {
  return typeof entry === 'object' && entry !== null && 'kind' in entry;
}

interface AnyGroup {
  readonly [key: string]: Setting<unknown> | AnyGroup;
}

/** All settings of a group and its groups, in order. */
export function settingsIn(group: AnyGroup): readonly Setting<unknown>[] {
  return Object.values(group).flatMap((entry) => (isSetting(entry) ? [entry] : settingsIn(entry)));
}

type Extra = Partial<Pick<Setting<unknown>, 'aliases' | 'isSecret' | 'isShared'>>;

export function setting<T>(
  name: string,
  fallback: string,
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Setting<T> {
  return { ...dependent(name, null, kind, why, example, extra), fallback };
}

/** A setting without which the service doesn't start. */
export function required<T>(
  name: string,
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Setting<T> {
  return { ...dependent(name, null, kind, why, example, extra), isRequired: true };
}

/** A setting that is null when it is unset. */
export function optional<T>(
  name: string,
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Optional<T> {
  return { ...dependent<T | null>(name, () => null, kind, why, example, extra), kind };
}

/** A setting whose value, when unset, depends on the circumstances. */
export function dependent<T>(
  name: string,
  whenUnset: Setting<T>['whenUnset'],
  kind: Kind<T>,
  why: string,
  example: string,
  extra: Extra = {},
): Setting<T> {
  const usual = { aliases: [], fallback: null, isRequired: false, isSecret: false, isShared: false };
  return { ...usual, ...extra, name, whenUnset, kind, why, example };
}
