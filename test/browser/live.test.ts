import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { SECOND } from '../../src/decide/time.ts';
import { LINE } from '../helpers/builders.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, STATUS_TOKEN, startReactor } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview } from '../helpers/status.ts';
import { useBrowser } from './browser.ts';

const { visit } = useBrowser();
const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const OTHER_CHAT = '0b7e4d15-93c8-4f02-a6d1-58e2c4f7913b';

/** Lets the page's own clock go on, so that nobody waits for it. */
async function letPass(page: Page, ms: number): Promise<void> {
  await page.clock.runFor(ms);
}

it('a page that is open follows what happens, and leaves alone what somebody is at', async () => {
  const { reactor, simulator } = await startRig();
  const { page, complaints } = await visit('about:blank', STATUS_TOKEN, { timezoneId: 'Asia/Tokyo' });
  await page.clock.install();
  await page.goto(reactor.url);
  await page.locator('#foot time', { hasText: 'GMT+9' }).waitFor();
  await page.getByText('Waiting for the first webhook').waitFor();
  await page.getByRole('button', { name: 'Catch up now' }).focus();
  await page.evaluate('window.isSame = true');

  simulator.createChat({ chatId: CHAT, line: LINE, announce: false });
  simulator.sendMessage(CHAT);
  await deliver(reactor.url, message2026({ chatId: CHAT, sentAt: Date.now() }));
  await simulator.when(() => simulator.sharesOf(CHAT).length === 1);
  await letPass(page, 5 * SECOND);
  await page.getByText('All is well', { exact: true }).waitFor();
  await page.getByRole('link', { name: CHAT }).first().waitFor();
  await page.locator('#live.is-live').waitFor();

  const hourInTokyo = await page.evaluate<string>(
    `new Date(document.querySelector('tbody [data-hour]').dataset.hour).toLocaleString('en-US', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Tokyo' })`,
  );
  const table = page.locator('details', { hasText: 'Show as a table' }).first();
  await table.locator('summary').click();
  await page.getByRole('button', { name: 'Catch up now' }).focus();
  await deliver(reactor.url, message2026({ chatId: OTHER_CHAT, isOutbound: false }));
  await letPass(page, 5 * SECOND);
  await page.getByRole('link', { name: '2 chats' }).waitFor();

  expect(await table.locator('tbody th').first().textContent()).toBe(hourInTokyo);
  expect(await page.locator('#foot time').textContent()).toContain('GMT+9');
  expect(await table.getAttribute('open')).toBe('');
  expect(await page.locator(':focus').textContent()).toBe('Catch up now');
  expect(await page.evaluate('window.isSame')).toBe(true);
  expect(complaints).toEqual([]);
});

it('a page says when the service can’t be reached, and goes on when it is back', async () => {
  const directory = createWorkDir();
  const first = await startReactor(directory);
  const { page } = await visit('about:blank', STATUS_TOKEN);
  await page.clock.install();
  await page.goto(first.url);
  await first.end('SIGTERM');
  await letPass(page, 5 * SECOND);
  await page.getByText('The service has been unreachable since').waitFor();
  expect(await page.getByRole('alert').isVisible()).toBe(true);

  await startReactor(directory, { PORT: new URL(first.url).port });
  await letPass(page, 5 * SECOND);
  await page.getByRole('alert').waitFor({ state: 'hidden' });
});

it('the forms work without script: pausing, resuming, asking for a catch-up', async () => {
  const { reactor } = await startRig();
  const { page } = await visit(reactor.url, STATUS_TOKEN, { javaScriptEnabled: false });
  await page.getByRole('button', { name: 'Pause all sharing' }).click();
  await page.getByText('Sharing is paused. Nothing is shared until you resume.').waitFor();
  expect((await readOverview(reactor.url)).paused).toBe(true);
  await page.getByRole('button', { name: 'Resume sharing' }).click();
  await page.getByText('Sharing resumed.').waitFor();
  expect((await readOverview(reactor.url)).paused).toBe(false);
  await page.getByRole('button', { name: 'Catch up now' }).click();
  await page.getByText('Catch-up requested').waitFor();
});

it('who knows no token sees what is needed, and nothing else', async () => {
  const { reactor } = await startRig();
  const { page } = await visit(reactor.url, 'a-token-that-is-wrong');
  await page.getByRole('heading', { name: 'Wrong token' }).waitFor();
  expect(await page.getByRole('link', { name: 'Chats' }).count()).toBe(0);
});
