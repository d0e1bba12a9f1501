import { type Setting, settingsIn } from '../../src/config/setting.ts';
import { BEHAVIOUR, CONNECTION, OPERATION } from '../../src/config/settings.ts';
import { SETTING_NOTES } from './settings-notes.ts';

const HEAD = `# Settings

<!-- Written by "npm run docs". Change src/config or docs/generate/settings-notes.ts instead. -->

Settings are environment variables, or lines of a \`.env\` file in the working directory (\`--env-file FILE\` names another). The
environment takes precedence. They are read once, at startup: restart the service after a change.

- \`contact-card-reactor config check\` reports every mistake at once, with what was expected. While there is one, the service doesn't start (exit code 3).
- \`contact-card-reactor config show\` shows what is in force and where it comes from. Secrets are never printed.
- Every secret can come from a file: \`NAME_FILE=/path\` in place of \`NAME\`.
- In \`.env\` a value may be quoted. Without quotes a \`#\` begins a comment, even inside a value; a warning says so. A value that still
  begins or ends with a quote is refused: \`docker run --env-file\` passes quotes on. The file is UTF-8.
- An empty value counts as unset. Durations are a whole number and a unit: \`90s\`, \`15m\`, \`24h\`, \`7d\`.
- Variables for Node.js itself (\`NODE_EXTRA_CA_CERTS\`, \`NODE_OPTIONS\`) work only in the environment; a warning says so if \`.env\` has them.
- [.env.example](../.env.example) has all settings, ready to fill in.
`;

const GROUPS: readonly (readonly [title: string, about: string, settings: readonly Setting<unknown>[]])[] = [
  ['Connection', 'Whom the service talks to, and where it stores its data.', settingsIn(CONNECTION)],
  ['Behaviour', 'Which chats get the card, when, and how fast.', settingsIn(BEHAVIOUR)],
  ['Operation', 'What the service reports and keeps.', settingsIn(OPERATION)],
];

/** `docs/settings.md`. */
export function renderSettings(): string {
  const groups = GROUPS.map(([title, about, settings]) => {
    const rows = settings.map(
      (one) => `| [\`${one.name}\`](#${one.name.toLowerCase()}) | ${defaultOf(one)} | ${one.why} |`,
    );
    return [
      `## ${title}`,
      about,
      ['| variable | default | |', '|---|---|---|', ...rows].join('\n'),
      ...settings.map(chapterOf),
    ];
  });
  return `${[HEAD, ...groups.flat()].join('\n\n').replaceAll('\n\n\n', '\n\n')}\n`;
}

const defaultOf = ({ fallback, isRequired }: Setting<unknown>) =>
  isRequired ? 'required' : fallback === null ? 'unset' : `\`${fallback}\``;

function chapterOf(setting: Setting<unknown>): string {
  const { name, aliases, kind, why, isSecret, example } = setting;
  const facts = [
    `- Expected: ${kind.expects}`,
    `- Default: ${defaultOf(setting)}`,
    ...aliases.map((alias) => `- Also read as \`${alias}\``),
    ...(isSecret ? [`- Secret: never shown or logged; \`${name}_FILE\` can name a file that holds it`] : []),
    `- Example: \`${example}\``,
  ];
  const note = SETTING_NOTES[name];
  return [`### ${name}`, why, facts.join('\n'), ...(note === undefined ? [] : [note])].join('\n\n');
}
