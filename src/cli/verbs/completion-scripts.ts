import type { CompletionNode } from './completion-tree.ts';

const NAME = 'contact-card-reactor';
const FUNCTION = '_contact_card_reactor';

/** By shell: the script that completes what the tree holds. Values of options are completed as files. */
export const SCRIPTS: Readonly<Record<string, (tree: readonly CompletionNode[]) => string>> = {
  bash: writeBash,
  zsh: writeZsh,
  fish: writeFish,
};

/** Within single quotes of a POSIX shell, zsh included. */
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** All verbs, as patterns that tell a verb from the value of an option. */
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
      `    ${quote(path)}) words=${quote(candidates.map(({ word }) => word).join(' '))} ;;`,
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
    const entries = candidates.map(({ word, description }) => `      ${quote(`${word}:${description}`)}`);
    return `    (${quote(path)}) candidates=(\n${entries.join('\n')}\n    ) ;;`;
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
  _describe ${quote(NAME)} candidates || _files
}
compdef ${FUNCTION} ${NAME}
`;
}

/** Fish knows two escapes within single quotes. */
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
