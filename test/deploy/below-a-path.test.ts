import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useBrowser } from '../browser/browser.ts';
import { message2026, sign } from '../helpers/deliver.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { askVerb } from '../helpers/verb.ts';
import { ask, PATH, startBoth } from './asking.ts';
import { startCaddyBelow } from './proxy.ts';

const { visit } = useBrowser();

it('below a path of a host the page has its style, script and buttons, deliveries arrive, and verbs steer', async () => {
  const { proxy, via, directory } = await startBoth(startCaddyBelow, { DRY_RUN: 'true' });
  const body = Buffer.from(JSON.stringify(message2026({ chatId: 'chat-1' })));
  const headers = sign(body, { at: Date.now() });
  expect((await ask(proxy, `/ccr${PATH}`, { method: 'POST', body, via, headers })).status).toBe(204);

  const { page, complaints } = await visit(`${proxy.url}/ccr`, STATUS_TOKEN, { ignoreHTTPSErrors: true });
  const at = () => page.url().slice(proxy.url.length);
  expect(at()).toBe('/ccr/');
  await page.click('text=Pause all sharing');
  await page.waitForSelector('text=Resume sharing');
  await page.click('nav >> text=Chats');
  expect(at()).toBe('/ccr/chats');
  await page.click('a.id');
  expect(at()).toBe('/ccr/chats/chat-1');
  await page.click('button:has-text("Hold")');
  await page.waitForSelector('button:has-text("Release")');
  expect(at()).toMatch(/^\/ccr\/chats\/chat-1/);
  await page.waitForSelector('.is-live'); // the script asks where the page is
  await page.click('.brand');
  expect(at()).toBe('/ccr/');
  await page.goto(`${proxy.url}/ccr/chats/nosuch`);
  await page.click('main >> text=All chats');
  expect(at()).toBe('/ccr/chats');
  await page.fill('.search input', 'chat-1');
  await page.press('.search input', 'Enter');
  await page.waitForURL(`${proxy.url}/ccr/chats/chat-1`);
  expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);

  const authority = join(directory, 'authority.pem');
  writeFileSync(authority, proxy.authority());
  const settings = { NODE_EXTRA_CA_CERTS: authority };
  const at443 = ['--url', `${proxy.url}/ccr/`];
  expect(await askVerb(directory, ['status', ...at443], settings)).toMatchObject({ paused: true });
  expect(await askVerb(directory, ['chat', 'release', 'chat-1', ...at443], settings)).toMatchObject({
    chatId: 'chat-1',
  });
});
