import { afterEach, expect, it } from 'vitest';
import { runSimulate, type SimulateOptions } from '../../../src/simulator/run-simulator.ts';
import { runVerb } from '../status/api/verbs-harness.ts';
import { startReceiver } from './harness.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Runs the verb until the test ends; resolves with what it printed once it is up. */
async function start(options: SimulateOptions) {
  const abort = new AbortController();
  const lines: string[] = [];
  let run = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const print = (line: string) => {
      lines.push(line);
      if (line.startsWith('Stop with')) resolve();
    };
    run = runSimulate({ port: 0, ...options }, { print, signal: abort.signal });
    run.catch(reject);
  });
  stops.push(() => {
    abort.abort();
    return run;
  });
  const text = lines.join('\n');
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { text, setting, run, stop: () => abort.abort() };
}

it('prints settings that work: the key opens the API, the line has an active card', async () => {
  const { setting } = await start({ line: ['+12025550123'] });
  const response = await fetch(`${setting('LINQ_API_BASE_URL')}/v3/contact_card`, {
    headers: { authorization: `Bearer ${setting('LINQ_API_KEY')}` },
  });
  expect(await response.json()).toMatchObject({
    contact_cards: [{ phone_number: '+12025550123', is_active: true }],
  });
  expect(setting('LINQ_WEBHOOK_SECRET')).toMatch(/^whsec_/);
});

it('can be ended from the moment it says that it runs', async () => {
  const others = new Set(process.listeners('SIGTERM'));
  const print = () => {
    const [end] = process.listeners('SIGTERM').filter((listener) => !others.has(listener));
    if (end === undefined) throw new Error('a signal would kill it');
    end('SIGTERM');
  };
  await runSimulate({ port: 0, json: true }, { print });
});

it('delivers to the webhook URL in the version asked for', async () => {
  const receiver = await startReceiver();
  stops.push(receiver.stop);
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  const { setting } = await start({
    webhookUrl: receiver.url,
    webhookSecret: secret,
    apiKey: 'my-key',
    version: '2025-01-01',
  });
  expect([setting('LINQ_WEBHOOK_SECRET'), setting('LINQ_API_KEY')]).toEqual([secret, 'my-key']);
  const chats = new URL('/_sim/chats', setting('LINQ_API_BASE_URL'));
  const delivered = receiver.next();
  await fetch(chats, { method: 'POST', body: '{"line":"+12025550100"}' });
  await delivered;
  expect(receiver.received[0]?.event).toMatchObject({
    event_type: 'chat.created',
    webhook_version: '2025-01-01',
  });
});

it.each([true, false])('prints one JSON object for scripts (subscription: %s)', async (subscription) => {
  const abort = new AbortController();
  const lines: string[] = [];
  const options = { port: 0, json: true, apiKey: 'my-key', line: ['+12025550123'], subscription };
  let tellUp = () => {};
  const isUp = new Promise<void>((resolve) => {
    tellUp = resolve;
  });
  const print = (line: string) => {
    lines.push(line);
    tellUp();
  };
  const run = runSimulate(options, { print, signal: abort.signal });
  stops.push(() => {
    abort.abort();
    return run;
  });
  await Promise.race([isUp, run]);
  const [told = '', ...more] = lines;
  expect(more).toEqual([]);
  const up = JSON.parse(told);
  expect(up).toEqual({
    baseUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/partner$/),
    controlUrl: new URL('/_sim', up.baseUrl).href,
    seed: expect.any(Number),
    lines: ['+12025550123'],
    webhookUrl: subscription ? 'http://127.0.0.1:8080/webhooks/linq?version=2026-02-03' : null,
    settings: {
      LINQ_API_BASE_URL: up.baseUrl,
      LINQ_API_KEY: 'my-key',
      ...(subscription ? { LINQ_WEBHOOK_SECRET: expect.stringMatching(/^whsec_/) } : {}),
    },
  });
  expect(await (await fetch(up.controlUrl)).text()).toContain('POST /_sim/chats');
});

it('repeats what the seed that was printed gave: key, secret and ids', async () => {
  const told = async (options: SimulateOptions) => {
    const { setting, text } = await start({ webhookUrl: 'http://127.0.0.1:9/', ...options });
    const control = new URL('/_sim/chats', setting('LINQ_API_BASE_URL'));
    const chat = await fetch(control, { method: 'POST', body: '{"line":"+12025550100"}' });
    const { id } = (await chat.json()) as { id: string };
    const seed = /\(seed (\d+)\)/.exec(text)?.[1] ?? '';
    return { seed, outcome: [setting('LINQ_API_KEY'), setting('LINQ_WEBHOOK_SECRET'), id] };
  };
  const first = await told({});
  expect(await told({ seed: first.seed })).toEqual(first);
  expect((await told({})).outcome).not.toEqual(first.outcome);
});

it('ends when told to, and frees its port', async () => {
  const { run, stop, setting } = await start({});
  stop();
  await run;
  await expect(fetch(setting('LINQ_API_BASE_URL'))).rejects.toThrow('fetch failed');
});

it.each([
  [{ port: 'x' }, '--port: expected 0 to 65535'],
  [{ webhookSecret: 'whsec_c2hvcnQ=' }, '--webhook-secret: expected whsec_ and the base64 of 24 to 64 bytes'],
  [{ webhookUrl: 'nonsense' }, '--webhook-url: not an address'],
  [{ webhookUrl: 'http://example.com/' }, '--webhook-url: expected https, or http on loopback'],
  [{ version: '2024-01-01' }, '--payload-version: expected 2026-02-03 or 2025-01-01'],
  [{ line: ['555'] }, 'not an E.164 number: 555'],
])('refuses %j before it prints anything', async (options, message) => {
  const print = () => expect.unreachable();
  await expect(runSimulate({ port: 0, ...options }, { print })).rejects.toMatchObject({
    code: 'SIMULATOR_USAGE',
    message: expect.stringContaining(message),
  });
});

it.each(['-1', '1.5', '4294967296', '1e3', '0x10', '', 'x'])('refuses the seed "%s"', async (seed) => {
  const print = () => expect.unreachable();
  await expect(runSimulate({ port: 0, seed }, { print })).rejects.toMatchObject({
    code: 'SIMULATOR_USAGE',
    message: `--seed: expected a whole number from 0 to 4294967295, got ${seed}`,
  });
});

it('takes a bad seed on the command line for an error of usage', async () => {
  const { exitCode, out, error } = await runVerb(['simulate', '--port', '0', '--seed', '-5']);
  expect([exitCode, out]).toEqual([2, '']);
  expect(error).toContain('--seed: expected a whole number from 0 to 4294967295, got -5');
});
