import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DAY, HOUR } from '../../src/decide/time.ts';
import type { ChatSummary, DemoReport } from '../../src/demo/review.ts';
import { createWorkDir } from '../helpers/process.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Two hours a second: shares that are two seconds late, one after the other, change no number of shares. */
const SPEED = '7200';

/** Runs the demo with nothing of our environment, in an empty directory, its temporary files kept apart. */
function startDemo(...options: readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), 'demo-test-'));
  const temporary = join(home, 'tmp');
  mkdirSync(temporary);
  const child = spawn(process.execPath, [MAIN, 'demo', ...options], {
    cwd: home,
    env: { PATH: process.env.PATH, TMPDIR: temporary, SHARE_WINDOW: '48h', LINQ_API_KEY: 'not for the demo' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(home, { recursive: true, force: true });
  });
  let [stdout, stderr] = ['', ''];
  let onOutput = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    leftovers: () => readdirSync(temporary),
    interrupt: () => child.kill('SIGINT'),
    /** Resolves once standard output matches; rejects when the demo ends before. */
    printed: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        onOutput = () => pattern.test(stdout) && resolve();
        onOutput();
        exited.then((code) => reject(new Error(`ended (${code}) without ${pattern}:\n${stdout}${stderr}`)));
      }),
  };
}

const hoursBetween = ({ promptedAt }: ChatSummary) =>
  promptedAt.slice(1).map((at, index) => (Date.parse(at) - Date.parse(promptedAt[index] ?? '')) / HOUR);

describe('demo --once', () => {
  it('keeps every promise for three days, in every chat of the cast', async () => {
    const demo = startDemo('--once', '--json', '--speed', SPEED);
    expect(await demo.exited, demo.stderr()).toBe(0);
    const report: DemoReport = JSON.parse(demo.stdout());
    const chat = (name: string) => {
      const found = report.chats.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no chat ${name}`);
      return found;
    };
    expect(report).toMatchObject({ ok: true, broken: [], speed: Number(SPEED) });
    const playedMs = Date.parse(report.endedAt) - Date.parse(report.startedAt);
    expect(playedMs).toBeGreaterThanOrEqual(2.5 * DAY);

    const prompts = Object.fromEntries(report.chats.map(({ name, promptedAt }) => [name, promptedAt.length]));
    const shares = Object.fromEntries(report.chats.map((one) => [one.name, one.shares]));
    expect(prompts).toEqual({
      Ada: 3, // one a window
      Ben: 0, // SMS
      'book club': 3,
      Chloe: 1, // wrote STOP inside her first window
      Dana: 2, // since the card of her line is active
      Eli: 2,
      Fay: 3, // after the 429
      Gus: 3, // after the failure
      Hugo: 2, // idle on day 2, woken on day 3
    });
    expect(shares).toEqual(prompts);
    for (const one of report.chats) {
      for (const hours of hoursBetween(one)) expect(hours, one.name).toBeGreaterThanOrEqual(24);
    }
    for (const hours of hoursBetween(chat('Ada'))) expect(hours).toBeLessThan(48);
    expect(chat('Ben')).toMatchObject({ state: 'held', reason: 'not_imessage' });
    expect(chat('Chloe')).toMatchObject({ state: 'held', reason: 'opted_out' });
    for (const name of ['Ada', 'Dana', 'Fay', 'Gus'])
      expect(chat(name)).toMatchObject({ state: 'waiting', reason: 'window' });

    expect(demo.stderr()).toMatch(/Linq answers 429/);
    // on a starved machine the first attempt may come only when Linq works again
    expect(demo.stderr()).toMatch(
      /something at Linq is broken[\s\S]*Gus gets your card(, at attempt \d+)?\./,
    );
    expect(demo.leftovers()).toEqual([]);
  });
});

describe('demo', () => {
  it('shows page and status to whoever follows its words, and goes on until it is interrupted', async () => {
    const demo = startDemo('--speed', '7200');
    await demo.printed(/✓ Ada gets your card\./);
    const [, token = '', url = ''] = /curl -u demo:(\S+) (\S+)/.exec(demo.stdout()) ?? [];
    const authorization = `Basic ${Buffer.from(`demo:${token}`).toString('base64')}`;
    const status = await fetch(url, { headers: { authorization } });
    expect(await status.json()).toMatchObject({ ok: true, dryRun: false });
    const [, address = ''] =
      /^Its page +(http:\S+\/) \(user demo, password \S+\)$/m.exec(demo.stdout()) ?? [];
    const page = await fetch(address, { headers: { authorization } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('contact-card-reactor')]);
    demo.interrupt();
    expect(await demo.exited, demo.stderr()).toBe(0);
    expect(demo.stdout()).toMatch(/^Ada +iMessage +1 +1 +waiting +window$/m);
    expect(demo.stderr()).toBe('');
    expect(demo.leftovers()).toEqual([]);
  });

  it('calls it a failure when three days are interrupted', async () => {
    const demo = startDemo('--once', '--speed', '7200');
    await demo.printed(/✓ Ada gets your card\./);
    demo.interrupt();
    expect(await demo.exited).toBe(1);
    expect(demo.stdout()).toContain('Stopped before the third day was over.');
  });
});

it.each(['59', '36001', 'fast', ''])('demo refuses the speed "%s" with what it expects', async (speed) => {
  expect(await runVerbHere(createWorkDir(), ['demo', '--speed', speed])).toEqual({
    code: 2,
    stdout: '',
    stderr: '--speed: expected a number from 60 to 36000, for example --speed 7200\n',
  });
});
