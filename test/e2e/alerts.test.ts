import { expect, it } from 'vitest';
import { startAlertReceiver } from '../helpers/alert-receiver.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { startReactor } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview, until } from '../helpers/status.ts';

const [LINE] = LINES;
const codesOf = async (url: string) => (await readOverview(url)).problems.map(({ code }) => code);

it('alerts once when a problem opens and once when it closes, over refusals and a crash between', async () => {
  const receiver = await startAlertReceiver();
  receiver.answers.push(500);
  const settings = { ALERT_WEBHOOK_URL: receiver.url, CARD_TTL: '1s' };
  const { simulator, reactor, directory } = await startRig(settings);
  simulator.setCard(LINE, 'none');
  await deliver(reactor.url, message2026({ line: LINE, sentAt: Date.now(), createdAt: Date.now() }));
  await until(
    () => codesOf(reactor.url),
    (codes) => codes.includes('card_missing'),
  );
  await until(async () => receiver.taken.length, Boolean);
  const [before] = (await readOverview(reactor.url)).problems;
  await reactor.end('SIGKILL');

  const restarted = await startReactor(directory, { LINQ_API_BASE_URL: simulator.baseUrl, ...settings });
  const [after] = (await readOverview(restarted.url)).problems;
  expect(after).toEqual(before);
  simulator.setCard(LINE, 'active');
  await until(
    () => codesOf(restarted.url),
    (codes) => codes.length === 0,
  );
  await until(
    async () => receiver.taken.length,
    (count) => count > 1,
  );
  expect(await restarted.end('SIGTERM')).toEqual({ code: 0, signal: null });

  const masked = `+1•••••${LINE.slice(-4)}`;
  expect(receiver.taken).toEqual([
    expect.objectContaining({
      event: 'opened',
      code: 'card_missing',
      severity: 'warning',
      since: before?.since,
      line: masked,
      text: expect.stringContaining(`${masked} has no contact card`),
    }),
    expect.objectContaining({ event: 'closed', code: 'card_missing', since: before?.since, line: masked }),
  ]);
  expect(receiver.posts()).toBe(3);
  const logged = [...reactor.log(), ...restarted.log()].map(({ msg }) => msg);
  expect(logged.filter((msg) => msg.startsWith('problem.') || msg.startsWith('alert.'))).toEqual([
    'problem.opened',
    'alert.failed',
    'problem.closed',
  ]);
  expect(reactor.output() + restarted.output()).not.toMatch(/s3cret-path/);
});
