import { type Finding, fine, found } from '../finding.ts';

/** What reading all settings came to; one sentence each, never with a secret in it. */
export interface SeenSettings {
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
}

const SEE_ALL = '`contact-card-reactor config show` prints every setting and where it comes from.';

export function judgeSettings({ mistakes, warnings }: SeenSettings): Finding {
  const details = { mistakes, warnings };
  if (mistakes.length > 0) {
    const head = mistakes.length === 1 ? 'One is wrong' : `${mistakes.length} are wrong`;
    return found(
      'settings_wrong',
      listBelow(`${head}:`, [...mistakes, ...warnings]),
      `Correct each in .env or the environment, then restart the service. ${SEE_ALL}`,
      details,
    );
  }
  if (warnings.length > 0) {
    return found(
      'settings_odd',
      listBelow('All can be used, but:', warnings),
      `Correct or remove what is named, then restart the service. ${SEE_ALL}`,
      details,
    );
  }
  return fine('settings', 'All can be used.', details);
}

const listBelow = (head: string, entries: readonly string[]) =>
  [head, ...entries.map((entry) => `- ${entry}`)].join('\n');
