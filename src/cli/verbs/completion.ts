import { Argument, type Command } from 'commander';
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
    .action(
      run(async (shell: string) => {
        io.write(SCRIPTS[shell]?.(readTree(program)) ?? '');
        return EXIT.fine;
      }),
    );
};

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

/** The completion script of each shell. Option values complete as files. */
const SCRIPTS: Readonly<Record<string, (tree: readonly CompletionNode[]) => string>> = {
  bash: writeBash,
  zsh: writeZsh,
  fish: writeFish,
};

/** All verbs, as patterns that tell a verb from an option's value. */
const verbPatterns = (tree: readonly CompletionNode[]) =>
  tree.map(({ path }) => path).filter((path) => path !== '');

const valueOptions = (tree: readonly CompletionNode[]) => [
  ...new Set(
    tree.flatMap(({ candidates }) =>
      candidates.filter(({ takesValue }) => takesValue).map(({ word }) => word),
    ),
  ),
];

function writeBash(tree: readonly CompletionNode[]): string {
  const cases = tree.map(
    ({ path, candidates }) =>
      `    ${quoteForShell(path)}) words=${quoteForShell(candidates.map(({ word }) => word).join(' '))} ;;`,
  );
  return `# Completion of ${NAME} for bash: eval "$(${NAME} completion bash)"
${FUNCTION}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' i
  COMPREPLY=()
  case $previous in
    ${valueOptions(tree).join('|')}) return ;;
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
`;
}

function writeZsh(tree: readonly CompletionNode[]): string {
  const cases = tree.map(({ path, candidates }) => {
    const entries = candidates.map(
      ({ word, description }) => `      ${quoteForShell(`${word}:${description}`)}`,
    );
    return `    (${quoteForShell(path)}) candidates=(\n${entries.join('\n')}\n    ) ;;`;
  });
  return `#compdef ${NAME}
# Completion of ${NAME} for zsh: eval "$(${NAME} completion zsh)"
${FUNCTION}() {
  local verb='' word
  local -a candidates
  case \${words[CURRENT - 1]} in
    (${valueOptions(tree).join('|')}) _files; return ;;
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
`;
}

/** Fish has two escapes within single quotes. */
const quoteFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function writeFish(tree: readonly CompletionNode[]): string {
  const lines = tree.flatMap(({ path, candidates }) => {
    const start = `complete -c ${NAME} -n ${quoteFish(`${FUNCTION}_at "${path}"`)}`;
    return candidates.map(({ word, description, takesValue }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}${takesValue ? ' -r' : ''}` : `-f -a ${word}`;
      return `${start} ${what} -d ${quoteFish(description)}`;
    });
  });
  return `# Completion of ${NAME} for fish: ${NAME} completion fish | source
function ${FUNCTION}_at
    set -l verb ''
    for word in (commandline -opc)[2..-1]
        switch "$verb/$word"
            case ${verbPatterns(tree).join(' ')}
                set verb "$verb/$word"
        end
    end
    test "$verb" = "$argv[1]"
end
${lines.join('\n')}
`;
}
