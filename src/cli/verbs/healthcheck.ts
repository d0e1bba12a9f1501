import { type Register, serviceVerb } from '../verb.ts';

/** `healthcheck`. */
export const registerHealthcheck: Register = (program, context) => {
  const healthcheck = program
    .command('healthcheck')
    .description(
      'tell whether the running service can do its work (exit code 0, 1 if not, 5 if unreachable)',
    );
  serviceVerb(healthcheck, context, async () => (await import('./status.ts')).checkHealth());
};
