import { readSetting } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import { findSetting } from '../../config/sources.ts';
import { UsageError } from '../../errors.ts';
import { adopt, type Session } from './setup-session.ts';

const { publicUrl: PUBLIC_URL } = SETTINGS;
const WEBHOOK_PATH = '/webhooks/linq';

/**
 * Finds out where Linq reaches the service.
 * @returns the address of the webhook route, without a query
 * @throws {UsageError} when nobody says it; {ConfigError} when the settings say it wrongly
 */
export async function setUpUrl(session: Session): Promise<string> {
  const { options, talk, values, report } = session;
  talk.step(3, 'Public URL');
  const told = readUrlFlag(options);
  const before = readIfSet(session);
  adopt(session, PUBLIC_URL);
  const webhookUrl = told ?? before ?? (await askForUrl(session));
  if (webhookUrl !== before) values[PUBLIC_URL.name] = webhookUrl.slice(0, -WEBHOOK_PATH.length);
  report.webhookUrl = webhookUrl;
  talk.done(`Linq will deliver to ${webhookUrl}.`);
  return webhookUrl;
}

/** Null: it isn't there. @throws {UsageError} */
export function readUrlFlag({ publicUrl }: Session['options']): string | null {
  const told = publicUrl === undefined ? null : parseUrl(publicUrl);
  if (told === null || typeof told === 'string') return told;
  throw new UsageError(`--public-url: ${told.wrong}`);
}

/** A wrong one doesn't matter where a right one was told. @throws {ConfigError} */
function readIfSet({ file, options }: Session): string | null {
  const found = findSetting(PUBLIC_URL, file.sources());
  if (found === null) return null;
  const isReplaced =
    options.publicUrl !== undefined && ('mistake' in found || 'wrong' in PUBLIC_URL.kind.parse(found.text));
  return isReplaced ? null : readSetting(PUBLIC_URL, file.sources());
}

async function askForUrl({ prompter, talk }: Session): Promise<string> {
  if (prompter === null)
    throw new UsageError(`The public URL is missing: give it with --public-url, or set ${PUBLIC_URL.name}.`);
  talk.note('Where Linq reaches this service from the internet, over HTTPS.');
  for (;;) {
    const parsed = parseUrl(await prompter.ask('  Public URL: '));
    if (typeof parsed === 'string') return parsed;
    talk.warn(parsed.wrong);
  }
}

/** What is typed without a scheme is meant to be https. */
export function parseUrl(text: string): string | { readonly wrong: string } {
  const trimmed = text.trim();
  const whole = /^[a-z0-9.-]+\.[a-z]{2,}(:\d+)?(\/|$)/i.test(trimmed) ? `https://${trimmed}` : trimmed;
  const parsed = PUBLIC_URL.kind.parse(whole);
  if ('value' in parsed) return parsed.value;
  const why = parsed.wrong === '' ? '' : ` (${parsed.wrong})`;
  return { wrong: `Expected ${PUBLIC_URL.kind.expects}${why}, for example https://cards.example.com.` };
}
