import type { ServiceCall } from '../call-service.ts';
import { type Register, serviceVerb } from '../verb.ts';

/** `pause` and `resume`. */
export const registerPause: Register = (program, context) => {
  const pause = program.command('pause').description('stop all sharing until it is resumed');
  serviceVerb(pause, context, () => setPaused(true));
  const resume = program.command('resume').description('go on sharing');
  serviceVerb(resume, context, () => setPaused(false));
};

function setPaused(isPaused: boolean): ServiceCall<'PauseSchema'> {
  return {
    method: isPaused ? 'PUT' : 'DELETE',
    path: '/status/pause',
    answer: 'PauseSchema',
    show: ({ paused }) => ({
      text: paused ? 'All sharing is paused; `resume` goes on.\n' : 'Sharing goes on.\n',
    }),
  };
}
