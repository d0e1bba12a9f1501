import type { Command } from 'commander';
import type { ServiceOptions, Surroundings } from '../call-service.ts';
import { type ExitCode, readSources } from '../io.ts';
import type { Register, VerbContext } from '../program.ts';
import { serviceVerb } from '../verb.ts';

/** `quarantine list` and `quarantine replay`. */
export const registerQuarantine: Register = (program, context) => {
  const quarantine = program
    .command('quarantine')
    .description("look at authentic deliveries that couldn't be read or stored, and try again");
  const list = quarantine.command('list').description('list them, the newest first, with their causes');
  serviceVerb(list, context, async () => {
    const { listQuarantine } = await import('./quarantine-calls.ts');
    return listQuarantine();
  });
  registerReplay(quarantine, context);
};

function registerReplay(quarantine: Command, { io, globals, run }: VerbContext): void {
  quarantine
    .command('replay')
    .description('take in what this version can read; the rest stays')
    .argument('[event-id]', 'only this one (default: all)')
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', 'print {replayed, failed}')
    .action(
      run(async (eventId: string | undefined, options: ServiceOptions): Promise<ExitCode> => {
        const surroundings: Surroundings = { io, sources: readSources(io, globals().envFile) };
        const { replayQuarantine } = await import('./quarantine-calls.ts');
        return replayQuarantine(eventId ?? null, options, surroundings);
      }),
    );
}
