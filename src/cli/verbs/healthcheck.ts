import type { ServiceOptions } from '../call-service.ts';
import { EXIT } from '../io.ts';
import { printJson } from '../terminal/screen.ts';
import { type Register, withServiceOptions } from '../verb.ts';

/** `healthcheck`. A container runs it every few seconds, so it loads next to nothing. */
export const registerHealthcheck: Register = (program, { io, readSources, run }) => {
  const healthcheck = program
    .command('healthcheck')
    .description(
      'check whether the running service can do its work (exit code 0; 1 if not, 5 if unreachable)',
    );
  withServiceOptions(healthcheck).action(
    run(async (options: ServiceOptions) => {
      const sources = await readSources();
      const { readService } = await import('../call-service.ts');
      const request = { method: 'GET', path: '/readyz', isOpen: true } as const;
      const answered = await readService(request, options, { io, sources }, isReady);
      if ('exitCode' in answered) return answered.exitCode;
      if (options.json === true) printJson(answered.raw, io);
      else io.write('ready\n');
      return EXIT.fine;
    }),
  );
};

function isReady(body: unknown): body is { readonly status: 'ready' } {
  return typeof body === 'object' && body !== null && 'status' in body && body.status === 'ready';
}
