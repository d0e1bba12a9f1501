import type { Setting } from '../../src/config/setting.ts';
import { ALL_SETTINGS } from '../../src/config/settings.ts';

const HEAD = `# Settings of contact-card-reactor. Copy to .env (mode 0600) and fill in; the environment wins over this file.
# Every secret can come from a file instead: NAME_FILE=/path. \`contact-card-reactor config check\` finds mistakes.`;

/** `.env.example`: every setting, ready to be filled in. */
export const renderEnvExample = () => `${[HEAD, ...ALL_SETTINGS.map(blockOf)].join('\n\n')}\n`;

/** Why, what is expected, the default, and the variable. */
function blockOf({ name, aliases, kind, why, fallback, isRequired }: Setting<unknown>): string {
  const standard = isRequired ? 'Required.' : `Default: ${fallback ?? 'unset.'}`;
  const also = aliases.map((alias) => `# Also read as ${alias}.\n`).join('');
  const line = `${name}=${fallback ?? ''}`;
  return `# ${why}\n# Expected: ${kind.expects}. ${standard}\n${also}${isRequired ? '' : '# '}${line}`;
}
