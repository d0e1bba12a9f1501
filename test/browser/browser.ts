import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

/** Only what hangs takes so long: Playwright's 30 s are too few on a machine that has other work. */
const HANGS_MS = 300_000;

/** Debian's, at the place where its package puts it. */
const CHROMIUM = '/usr/bin/chromium';

export const SCHEMES = ['light', 'dark'] as const;

export interface Visit {
  readonly page: Page;
  /** Whatever the browser complained of: scripts that failed, files that are missing, what the policy forbade. */
  readonly complaints: readonly string[];
}

/** One Chromium for all tests of a file. Call it where the file begins. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'], timeout: HANGS_MS });
  });
  afterAll(() => browser.close());

  /** Opens an address as somebody who knows the token; the page is closed at the end of the test. */
  async function visit(url: string, token: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      httpCredentials: { username: 'operator', password: token },
      ...options,
    });
    onTestFinished(() => context.close());
    context.setDefaultTimeout(HANGS_MS);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    await page.goto(url);
    return { page, complaints };
  }
  return { visit };
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const EVERYTHING = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/**
 * What axe finds against WCAG 2.2 AA and its own best practices, one line each. `colours`: only what a theme changes, for
 * a document that was looked at in the other theme.
 */
export async function violationsOf(
  page: Page,
  what: 'everything' | 'colours' = 'everything',
): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe.source); // half a MB
  const runOnly = JSON.stringify(what === 'everything' ? EVERYTHING : COLOURS);
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(
    `axe.run(document, { runOnly: ${runOnly} })`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
  );
}

/** True when something sticks out to the right. */
export async function scrollsSideways(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth');
}
