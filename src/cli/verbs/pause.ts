import { type Register, serviceVerb } from '../verb.ts';

/** `pause` and `resume`. */
export const registerPause: Register = (program, context) => {
  const pause = program.command('pause').description('stop all sharing until it is resumed');
  serviceVerb(pause, context, async () => (await import('./status.ts')).setPaused(true));
  const resume = program.command('resume').description('go on sharing');
  serviceVerb(resume, context, async () => (await import('./status.ts')).setPaused(false));
};
