import { Argument } from 'commander';
import { EXIT } from '../io.ts';
import type { Register } from '../program.ts';

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
        const [{ readTree }, { SCRIPTS }] = await Promise.all([
          import('./completion-tree.ts'),
          import('./completion-scripts.ts'),
        ]);
        io.write(SCRIPTS[shell]?.(readTree(program)) ?? '');
        return EXIT.fine;
      }),
    );
};
