import type { Command } from 'commander';

/** A word that can come next, and why one would type it. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
  /** An option that wants a value after it. */
  readonly takesValue: boolean;
}

/** What can be typed after some verbs. */
export interface CompletionNode {
  /** The verbs so far: `` for none, `/chat/list` for two. */
  readonly path: string;
  readonly candidates: readonly Candidate[];
}

/** Every place of the command line with what can be typed there. */
export function readTree(program: Command, path = ''): readonly CompletionNode[] {
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
