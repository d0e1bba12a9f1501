import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { SECRET } from '../helpers/deliver.ts';
import { startFleet } from '../helpers/fleet.ts';
import { freePort } from '../helpers/free-port.ts';
import { createWorkDir } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { isReady, readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const CHATS = suiteCount(400);
/** Longer than a lease. */
const FROZEN_MS = 90_000;
const SPREAD_MS = 60_000;
const LINES = Array.from({ length: 10 }, (_, n) => `+1202555012${n}`);
const CARDLESS = '+12025550130';
const RATE = Math.max(2, Math.ceil(CHATS / LINES.length / 80));
const DAY = 24 * 3_600_000;

/** Caddy as the guide has it: replicas in turn, without those that say that they aren't ready. */
async function startCaddy(urls: readonly string[]): Promise<string> {
  const directory = createWorkDir();
  const port = await freePort();
  const upstreams = urls.map((url) => new URL(url).host).join(' ');
  writeFileSync(
    join(directory, 'Caddyfile'),
    `{
      admin off
      auto_https off
      storage file_system ${directory}
    }
    http://127.0.0.1:${port} {
      reverse_proxy ${upstreams} {
        lb_policy round_robin
        health_uri /readyz
        health_interval 1s
        health_timeout 2s
      }
    }`,
  );
  const caddy: ChildProcess = spawn(
    'caddy',
    ['run', '--adapter', 'caddyfile', '--config', join(directory, 'Caddyfile')],
    { env: { PATH: process.env.PATH, HOME: directory }, stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => caddy.once('exit', resolve));
  onTestFinished(async () => {
    caddy.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    () => isReady(url).catch(() => false),
    (isUp) => isUp,
  );
  return url;
}

it(`three replicas behind Caddy, one killed, one frozen for 90 s, the database crashed twice: ${CHATS} chats get one call each`, async () => {
  const seeded = createSeeded(`SUITE_COUNT=${CHATS} npm run test:faults-postgres -- behind-caddy`);
  const ports = [await freePort(), await freePort(), await freePort()];
  const fleet = await startFleet({
    seeded,
    rate: RATE,
    lines: [...LINES],
    settingsOf: (index) => ({
      PORT: String(ports[index]),
      SHARE_WINDOW: '24h',
      MAX_SHARES_PER_CHAT: '0',
      WEBHOOK_RATE_LIMIT: '0',
    }),
  });
  const { trial, members, server, alerts } = fleet;
  const { simulator } = trial;
  simulator.addLine(CARDLESS, { card: 'none' });
  const url = await startCaddy(members.flatMap((member) => member.url ?? []));
  simulator.subscribe({ targetUrl: `${url}/webhooks/linq`, signingSecret: SECRET });

  const eligible: string[] = [];
  const others: string[] = [];
  const begin = (n: number) => {
    const kind = seeded.random();
    const line = kind < 0.02 ? CARDLESS : (LINES[n % LINES.length] ?? CARDLESS);
    const service = kind > 0.85 ? 'SMS' : 'iMessage';
    const { chatId } = simulator.createChat({ line, service });
    const isOptedOut = kind > 0.75 && kind <= 0.85;
    if (isOptedOut) simulator.receiveMessage(chatId, 'STOP');
    simulator.sendMessage(chatId);
    (line === CARDLESS || service === 'SMS' || isOptedOut ? others : eligible).push(chatId);
  };
  const sending = (async () => {
    for (let n = 0; n < CHATS; n++) {
      begin(n);
      await delay(SPREAD_MS / CHATS);
    }
    for (const chatId of eligible) simulator.sendMessage(chatId, { text: 'One more thing.' });
  })();

  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error('there are three');
  const crash = async () => {
    await server.stop();
    await delay(2_000);
    await server.start();
  };
  const next = fleet.prepare(0);
  await simulator.when(() => simulator.calls.length > CHATS / 20);
  expect((await fleet.end(first, 'SIGKILL')).signal).toBe('SIGKILL');
  process.kill(second.running.pid, 'SIGSTOP');
  const thawed = delay(FROZEN_MS).then(() => process.kill(second.running.pid, 'SIGCONT'));
  await delay(10_000);
  await crash();
  await fleet.enter(first, next);
  await delay(15_000);
  await crash();
  await sending;
  await thawed;
  await simulator.settled();
  const overview = await until(
    () => readOverview(url),
    ({ chats }) => chats.total === CHATS && chats.byState.waiting === eligible.length,
    { tries: 2_400, everyMs: 100 },
  );
  const problems = overview.problems.map(({ code }) => code);

  const { stored } = await fleet.stop({ windowMs: DAY });
  expect(new Set(simulator.deliveries.map(({ state }) => state))).toEqual(new Set(['accepted']));
  const unknownOf = new Map<string, number>();
  for (const { chatId, outcome } of stored.attempts)
    if (outcome !== 'shared') unknownOf.set(chatId, (unknownOf.get(chatId) ?? 0) + 1);
  let repeated = 0;
  for (const chatId of eligible) {
    const calls = simulator.callsOf(chatId).length;
    expect(calls).toBeGreaterThan(0);
    expect(calls - 1).toBeLessThanOrEqual(unknownOf.get(chatId) ?? 0);
    expect(simulator.prompts(chatId)).toHaveLength(1);
    repeated += calls - 1;
    const sent = simulator.chat(chatId).messages.map(({ sentAt }) => sentAt);
    expect(stored.chats.get(chatId)).toMatchObject({
      firstOutboundAt: sent[0],
      lastOutboundAt: sent.at(-1),
      shareCount: 1,
    });
  }
  for (const chatId of others) expect(simulator.callsOf(chatId)).toEqual([]);
  const redelivered = simulator.deliveries.filter(({ attempts }) => attempts.length > 1).length;
  reportReached('behind-caddy', {
    seed: seeded.seed,
    ...{ chats: CHATS, eligible: eligible.length, notEligible: others.length },
    ...{ deliveries: simulator.deliveries.length, redelivered },
    ...{ calls: simulator.calls.length, repeatedOfUnknownOutcome: repeated },
    ...{ attempts: stored.attempts.length, unknown: [...unknownOf.values()].reduce((a, b) => a + b, 0) },
    ...{ alerts: alerts.taken.length, handovers: fleet.seen.handovers, openProblems: problems.length },
    violations: 0,
  });
  console.info(
    alerts.taken
      .map(({ event, code, line, since }) => [event, code, line !== null, since].join(' '))
      .join('\n'),
  );
});
