import type { SourceFile } from './imports.ts';

/** A thing of a kind that is added to now and then, by the words that stand for it in the files. */
export interface Sample {
  readonly name: string;
  readonly words: readonly string[];
}

export interface Spread {
  readonly name: string;
  /** The files in which a word of it stands. */
  readonly files: readonly string[];
}

const sample = (...words: [string, ...string[]]): Sample => ({ name: words[0], words });

export const ACCOUNT_HOLDS: readonly Sample[] = [
  sample('api_key_rejected'),
  sample('feature_disabled'),
  sample('rate_limited'),
  sample('api_unavailable'),
];

/** By variable, and by property on its way from there to where it is used. */
export const SETTINGS: readonly Sample[] = [
  sample('HOLD_AT_RISK', 'holdAtRisk'),
  sample('REQUIRE_INBOUND', 'requireInbound'),
  sample('CARD_TTL', 'cardTtl', 'cardTtlMs'),
  sample('ATTEMPT_RETENTION', 'attemptRetention', 'attemptRetentionMs'),
  sample('ACCEPT_LEGACY_SIGNATURES', 'acceptLegacy', 'acceptLegacySignatures'),
];

/** Those that are words for nothing else. */
export const PROBLEMS: readonly Sample[] = [
  sample('unreadable_deliveries'),
  sample('chats_parked'),
  sample('webhooks_silent'),
  sample('signature_failures'),
  sample('shares_overdue'),
  sample('backup_stale'),
  sample('catch_up_failing'),
  sample('alerts_failing'),
];

/**
 * In how many files each of them stands, the fewest first; an older tree may not know all of them. What the least spread one needs, a new one needs, too; the
 * others stand in more files because more is made of them.
 */
export function spreadOf(samples: readonly Sample[], files: readonly SourceFile[]): readonly Spread[] {
  const texts = files.map(({ name, text }) => ({
    name,
    text: /\.[mc]?[jt]s$/.test(name) ? withoutComments(text) : text,
  }));
  const spreads = samples.map(({ name, words }) => {
    const word = new RegExp(`\\b(${words.join('|')})\\b`);
    return { name, files: texts.filter(({ text }) => word.test(text)).map((file) => file.name) };
  });
  return spreads
    .filter((spread) => spread.files.length > 0)
    .sort((one, other) => one.files.length - other.files.length);
}

export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
