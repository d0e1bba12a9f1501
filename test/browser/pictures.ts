import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const DIRECTORY = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const MAX_BYTES = 200_000;

/**
 * Takes the documentation's pictures, when `npm run screenshots` asks for them; otherwise nothing.
 * @param height of what is shown, from the top
 * @throws when the picture is too large to be downloaded along with everything else
 */
export async function takePicture(page: Page, name: string, width: number, height: number): Promise<void> {
  if (process.env.SCREENSHOTS !== 'write') return;
  await page.setViewportSize({ width, height });
  await page.evaluate('window.scrollTo(0, 0)');
  const picture = await page.screenshot({ animations: 'disabled' });
  if (picture.length > MAX_BYTES) throw new Error(`${name}.png has ${picture.length} bytes`);
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(join(DIRECTORY, `${name}.png`), picture);
}
