import { expect, it } from 'vitest';
import { livingAhead } from '../helpers/movable-clock.ts';
import { startReactor } from '../helpers/process.ts';
import { runVerb } from '../helpers/verb.ts';
import { broken, FINE, startWorld } from '../integration/doctor/world.ts';

/** What else it finds, and how each is mended, is in `integration/doctor/`: there it doesn't take a process each. */
it('the exit code is that of what is wrong with a running service, with the settings, the clock, or without one', async () => {
  const { examine, service, stop } = await startWorld({
    start: startReactor,
    stop: (reactor) => reactor.end('SIGTERM'),
    runVerb,
  });
  const [fine, misconfigured, late] = await Promise.all([
    examine(),
    examine({ TRUST_PROXY: 'true' }),
    examine(livingAhead(120_000)),
  ]);
  expect(fine).toMatchObject(FINE);
  expect(misconfigured).toMatchObject(broken(3, 'settings_wrong'));
  expect(late).toMatchObject(broken(4, 'clock_wrong'));
  expect(service().output()).not.toContain('delivery.rejected');
  await stop();
  expect(await examine({}, '--no-round-trip')).toMatchObject(broken(5, 'service_down'));
});
