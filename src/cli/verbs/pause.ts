import type { ServiceCall } from '../call-service.ts';
import { type Register, serviceVerb } from '../verb.ts';

/** `pause` and `resume`. */
export const registerPause: Register = (program, context) => {
  const pause = program.command('pause').description('pause all sharing until `resume`');
  serviceVerb(pause, context, () => setPaused(true));
  const resume = program.command('resume').description('resume sharing');
  serviceVerb(resume, context, () => setPaused(false));
};

function setPaused(isPaused: boolean): ServiceCall<'PauseSchema'> {
  return {
    method: isPaused ? 'PUT' : 'DELETE',
    path: '/status/pause',
    answer: 'PauseSchema',
    show: ({ paused }) => ({
      text: paused ? 'All sharing is paused. `resume` ends the pause.\n' : 'Sharing is resumed.\n',
    }),
  };
}
