import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { SCHEMES, scrollsSideways, useBrowser, violationsOf } from './browser.ts';
import { takePicture } from './pictures.ts';
import { broken, busy, empty, type Scene } from './scenes.ts';

const { visit } = useBrowser();
const WIDE = { width: 1600, height: 1000 };
/** Also what is left of 1,280 px at 400 %. */
const NARROW = { width: 320, height: 740 };
const PHONE_WIDTH = 360;

/** Every page there is: where it is, and the height of its picture. A list says all in a few rows. */
const PAGES = {
  overview: { pathOf: () => '/', height: 1220 },
  chats: { pathOf: () => '/chats', height: 760 },
  chat: { pathOf: ({ chatId }: Scene) => `/chats/${chatId}`, height: 1000 },
} as const;

/** Those that the documentation shows. */
const PICTURES: Readonly<Record<string, string>> = {
  'busy overview light': 'overview',
  'busy overview dark': 'overview-dark',
  'broken overview light': 'problems',
  'broken overview dark': 'problems-dark',
  'empty overview light': 'first-start',
  'busy chats light': 'chats',
  'busy chat light': 'chat',
  'busy chat dark': 'chat-dark',
  'busy narrow': 'overview-narrow',
  'broken narrow': 'problems-narrow',
};

describe.each([
  ['empty', empty, ['overview', 'chats'], 'Waiting for the first webhook'],
  ['busy', busy, ['overview', 'chats', 'chat'], 'All is well'],
  ['broken', broken, ['overview', 'chats', 'chat'], '1 problem needs your attention'],
] as const)('a service that is %s', (name, build, pages, verdict) => {
  it.each(pages)(
    'keeps its %s accessible, within the policy and fit for narrow screens, in both themes',
    async (kind) => {
      const scene = await build();
      const { pathOf, height } = PAGES[kind];
      for (const colorScheme of SCHEMES) {
        const { page, complaints } = await visit(scene.url + pathOf(scene), scene.token, { colorScheme });
        const picture = PICTURES[`${name} ${kind} ${colorScheme}`];
        if (picture !== undefined) await takePicture(page, picture, 1280, height);
        await openAll(page);
        await page.setViewportSize(WIDE);
        const what = colorScheme === 'light' ? 'everything' : 'colours';
        expect(await violationsOf(page, what), colorScheme).toEqual([]);
        expect(await scrollsSideways(page), colorScheme).toBe(false);
        await page.setViewportSize(NARROW);
        expect(await scrollsSideways(page), colorScheme).toBe(false);
        if (colorScheme === 'light') expect(await violationsOf(page), colorScheme).toEqual([]);
        expect(complaints, colorScheme).toEqual([]);
      }
    },
  );

  it('says how it is without script', async () => {
    const { url, token } = await build();
    const { page, complaints } = await visit(url, token, { javaScriptEnabled: false });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(verdict);
    expect(complaints).toEqual([]);
    const picture = PICTURES[`${name} narrow`];
    if (picture !== undefined) await takePicture(page, picture, PHONE_WIDTH, 1500);
  });
});

describe('the keyboard', () => {
  it('comes to everything in the order in which it stands, the way past the navigation first', async () => {
    const { url, token } = await empty();
    const { page } = await visit(url, token);
    const stops: string[] = [];
    for (let at = 0; at < 7; at++) {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate<string>('document.activeElement.textContent.trim()'));
      expect(await outlineOf(page)).toMatch(/^(solid|auto) [1-9]/);
    }
    expect(stops).toEqual([
      'Skip to content',
      'contact-card-reactor',
      'Overview',
      'Chats',
      'Pause all sharing',
      'Send a test message',
      'Catch up now',
    ]);
  });

  it('skips to the content', async () => {
    const { url, token } = await empty();
    const { page } = await visit(url, token);
    await page.keyboard.press('Tab');
    expect(await page.getByText('Skip to content').isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Pause all sharing');
  });
});

it('Escape closes the confirmation of a share, and the button that opened it has the focus', async () => {
  const { url, token, chatId } = await busy();
  const { page } = await visit(`${url}/chats/${chatId}`, token);
  const confirmation = page.locator('.confirm');
  await confirmation.locator('summary').press('Enter');
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toContain('Share again now');
  await page.keyboard.press('Escape');
  expect(await confirmation.getAttribute('open')).toBeNull();
  expect(await page.locator(':focus').textContent()).toBe('Share again…');
});

async function openAll(page: Page): Promise<void> {
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
}

async function outlineOf(page: Page): Promise<string> {
  return await page.evaluate<string>(
    '(({ outlineStyle: style, outlineWidth: width }) => style + " " + width)(getComputedStyle(document.activeElement))',
  );
}
