import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { Argument, type Command } from 'commander';
import type { Variables } from '../../config/sources.ts';
import { UsageError } from '../../errors.ts';
import { quoteForShell } from '../../status/view/wording.ts';
import { EXIT } from '../io.ts';
import type { Register } from '../verb.ts';

/** `completion`. */
export const registerCompletion: Register = (program, { io, run }) => {
  program
    .command('completion')
    .description(
      'print a script that completes verbs and options in your shell: eval "$(contact-card-reactor completion bash)"',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .option('--install', 'write it where the shell finds it, instead of printing it')
    .action(
      run(async (shell: string, { install }: { install?: boolean }) => {
        const script = SCRIPTS[shell]?.(readTree(program), await optionValues()) ?? '';
        io.write(install === true ? installScript(shell, script, io.env) : script);
        return EXIT.fine;
      }),
    );
};

/** The words that an option's value can be; other values complete as files. */
type OptionValues = ReadonlyMap<string, readonly string[]>;

async function optionValues(): Promise<OptionValues> {
  const [{ CHAT_STATES }, { SHOWN_REASONS }, { CHAT_KEYS }, { EXAMPLES }] = await Promise.all([
    import('../../decide/chat.ts'),
    import('../../status/view/explanation.ts'),
    import('../../store/plan/chat-lists.ts'),
    import('./signed-event.ts'),
  ]);
  return new Map<string, readonly string[]>([
    ['--state', CHAT_STATES],
    ['--reason', SHOWN_REASONS],
    ['--sort', CHAT_KEYS],
    ['--order', ['asc', 'desc']],
    ['--example', EXAMPLES],
    ['--payload-version', ['2026-02-03', '2025-01-01']],
    ['--scheme', ['both', 'standard', 'legacy']],
  ]);
}

/** Where the script goes, and the file that has to read it, if the shell doesn't by itself. */
function placeOf(shell: string, env: Variables): { script: string; startFile: string | null } {
  const home = absolute(env.HOME) ?? userInfo().homedir;
  const data = absolute(env.XDG_DATA_HOME) ?? join(home, '.local', 'share');
  if (shell === 'fish') {
    const config = absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config');
    return { script: join(config, 'fish', 'conf.d', `${NAME}.fish`), startFile: null };
  }
  const startFile = shell === 'zsh' ? join(absolute(env.ZDOTDIR) ?? home, '.zshrc') : join(home, '.bashrc');
  return { script: join(data, NAME, `completion.${shell}`), startFile };
}

/** Another path, or an empty one, would depend on where a shell starts. */
const absolute = (path: string | undefined) => (path !== undefined && isAbsolute(path) ? path : null);

/** @returns what it did @throws {UsageError} when a file can't be written */
function installScript(shell: string, script: string, env: Variables): string {
  const { script: path, startFile } = placeOf(shell, env);
  const isWritten = readIfThere(path) !== script;
  if (isWritten) writing(path, () => writeFileSync(path, script));
  const done = [whatIsDone(path, isWritten)];
  if (startFile !== null) {
    const quoted = quoteForShell(path);
    const prepared =
      shell === 'zsh' ? '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }; ' : '';
    const line = `[ ! -f ${quoted} ] || { ${prepared}. ${quoted}; } # completion of ${NAME}`;
    done.push(whatIsDone(startFile, addLine(startFile, line)));
  }
  return `${done.join('\n')}\nNew shells complete ${NAME}, also after npx.\n`;
}

const whatIsDone = (path: string, isWritten: boolean) =>
  isWritten ? `Wrote ${path}.` : `${path} is up to date.`;

/**
 * Only ever appends: the rest of the file is someone else's, and needn't be UTF-8.
 * @returns whether the line was missing
 */
function addLine(path: string, line: string): boolean {
  const before = readIfThere(path) ?? '';
  if (before.split('\n').includes(line)) return false;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  writing(path, () => appendFileSync(path, `${gap}${line}\n`));
  return true;
}

function writing(path: string, write: () => void): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    write();
  } catch (error) {
    throw notWritable(path, error);
  }
}

/** Null: there is no such file. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw notWritable(path, error);
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';

const notWritable = (path: string, error: unknown) =>
  new UsageError(
    `${path} can’t be written (${codeOf(error)}). Print the script without --install, and let your shell read it.`,
    { cause: error },
  );

/** A word that can come next, with its description. */
interface Candidate {
  readonly word: string;
  readonly description: string;
  /** An option that takes a value. */
  readonly takesValue: boolean;
}

/** What can follow some verbs. */
interface CompletionNode {
  /** The verbs so far: `` for none, `/chat/list` for two. */
  readonly path: string;
  readonly candidates: readonly Candidate[];
}

/** Every position on the command line, with what can be typed there. */
function readTree(program: Command, path = ''): readonly CompletionNode[] {
  const verbs = program.commands.map((command) => ({
    word: command.name(),
    description: command.description(),
    takesValue: false,
  }));
  const choices = program.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((word) => ({ word, description, takesValue: false })),
  );
  const options = program.options.map(({ long, short, description, required, optional }) => ({
    word: long ?? short ?? '',
    description,
    takesValue: required || optional,
  }));
  const help = { word: '--help', description: 'display help', takesValue: false };
  const node = { path, candidates: [...verbs, ...choices, ...options, help] };
  return [node, ...program.commands.flatMap((command) => readTree(command, `${path}/${command.name()}`))];
}

const NAME = 'contact-card-reactor';
const FUNCTION = '_contact_card_reactor';

/** The completion script of each shell. */
const SCRIPTS: Readonly<Record<string, (tree: readonly CompletionNode[], values: OptionValues) => string>> = {
  bash: writeBash,
  zsh: writeZsh,
  fish: writeFish,
};

/** All verbs, as patterns that tell a verb from an option's value. */
const verbPatterns = (tree: readonly CompletionNode[]) =>
  tree.map(({ path }) => path).filter((path) => path !== '');

/** The options whose values complete as files. */
const fileOptions = (tree: readonly CompletionNode[], values: OptionValues) => [
  ...new Set(
    tree.flatMap(({ candidates }) =>
      candidates.filter(({ word, takesValue }) => takesValue && !values.has(word)).map(({ word }) => word),
    ),
  ),
];

function writeBash(tree: readonly CompletionNode[], values: OptionValues): string {
  const ofValues = [...values].map(
    ([option, words]) =>
      `    ${option}) COMPREPLY=($(compgen -W ${quoteForShell(words.join(' '))} -- "$current")); return ;;`,
  );
  const cases = tree.map(
    ({ path, candidates }) =>
      `    ${quoteForShell(path)}) words=${quoteForShell(candidates.map(({ word }) => word).join(' '))} ;;`,
  );
  return `# Completion of ${NAME} for bash: eval "$(${NAME} completion bash)"
${FUNCTION}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' i
  COMPREPLY=()
  # --option=value comes as three words
  [[ $current == = ]] && current=''
  [[ $previous == = ]] && previous=\${COMP_WORDS[COMP_CWORD - 2]}
  case $previous in
${ofValues.join('\n')}
    ${fileOptions(tree, values).join('|')}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb/\${COMP_WORDS[i]}" in
      ${verbPatterns(tree).join('|')}) verb="$verb/\${COMP_WORDS[i]}" ;;
    esac
  done
  case $verb in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${FUNCTION} ${NAME}
${FUNCTION}_npx() {
  COMPREPLY=()
  [[ \${COMP_WORDS[1]} == ${NAME} && COMP_CWORD -gt 1 ]] || return 0
  COMP_WORDS=("\${COMP_WORDS[@]:1}")
  COMP_CWORD=$((COMP_CWORD - 1))
  ${FUNCTION}
}
complete -p npx >/dev/null 2>&1 || complete -o default -F ${FUNCTION}_npx npx
`;
}

function writeZsh(tree: readonly CompletionNode[], values: OptionValues): string {
  const ofValues = [...values].map(
    ([option, words]) => `    (${option}) compadd -- ${words.join(' ')}; return ;;`,
  );
  const cases = tree.map(({ path, candidates }) => {
    const entries = candidates.map(
      ({ word, description }) => `      ${quoteForShell(`${word}:${description}`)}`,
    );
    return `    (${quoteForShell(path)}) candidates=(\n${entries.join('\n')}\n    ) ;;`;
  });
  return `#compdef ${NAME}
# Completion of ${NAME} for zsh: eval "$(${NAME} completion zsh)"
${FUNCTION}() {
  local verb='' word option=\${words[CURRENT - 1]}
  local -a candidates
  if [[ \${words[CURRENT]} == --*=* ]]; then
    option=\${words[CURRENT]%%=*}
    compset -P 1 '*='
  fi
  case $option in
${ofValues.join('\n')}
    (${fileOptions(tree, values).join('|')}) _files; return ;;
  esac
  for word in \${words[2, CURRENT - 1]}; do
    case "$verb/$word" in
      (${verbPatterns(tree).join('|')}) verb="$verb/$word" ;;
    esac
  done
  case $verb in
${cases.join('\n')}
  esac
  _describe ${quoteForShell(NAME)} candidates || _files
}
compdef ${FUNCTION} ${NAME}
${FUNCTION}_npx() {
  if [[ \${words[2]} != ${NAME} || CURRENT -eq 2 ]]; then
    _files
    return
  fi
  shift words
  (( CURRENT-- ))
  ${FUNCTION}
}
(( $+_comps[npx] )) || compdef ${FUNCTION}_npx npx
`;
}

/** Fish has two escapes within single quotes. */
const quoteFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function writeFish(tree: readonly CompletionNode[], values: OptionValues): string {
  const typedAs = (word: string, takesValue: boolean) => {
    const words = values.get(word);
    if (words !== undefined) return ` -x -a ${quoteFish(words.join(' '))}`;
    return takesValue ? ' -r' : '';
  };
  const lines = tree.flatMap(({ path, candidates }) => {
    const start = `    complete -c $command -n ${quoteFish(`${FUNCTION}_at "${path}"`)}`;
    return candidates.map(({ word, description, takesValue }) => {
      const what = word.startsWith('--')
        ? `-l ${word.slice(2)}${typedAs(word, takesValue)}`
        : `-f -a ${word}`;
      return `${start} ${what} -d ${quoteFish(description)}`;
    });
  });
  return `# Completion of ${NAME} for fish: ${NAME} completion fish | source
function ${FUNCTION}_at
    set -l verb ''
    set -l words (commandline -opc)
    if test "$words[1]" = npx
        test "$words[2]" = ${NAME}; or return 1
        set -e words[1]
    end
    for word in $words[2..-1]
        switch "$verb/$word"
            case ${verbPatterns(tree).join(' ')}
                set verb "$verb/$word"
        end
    end
    test "$verb" = "$argv[1]"
end
for command in ${NAME} npx
${lines.join('\n')}
end
`;
}
