import { deliver, message2026, SECRET } from './deliver.ts';
import { LINES } from './deliveries.ts';
import { STATUS_TOKEN } from './process.ts';
import { startServiceRig } from './service.ts';

const [LINE = ''] = LINES;

/** A running service with some chats, and its settings for the command line. */
export async function startPlace() {
  const { simulator, service, directory } = await startServiceRig();
  const chats = ['6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64', '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97'];
  for (const chatId of chats)
    await deliver(service.url, message2026({ chatId, line: LINE, sentAt: Date.now() - 1_000 }));
  const env = {
    LINQ_API_KEY: 'not-the-key', // an error to look at
    LINQ_API_BASE_URL: simulator.baseUrl,
    LINQ_WEBHOOK_SECRET: SECRET,
    PUBLIC_URL: service.url,
    STATUS_TOKEN,
    PORT: new URL(service.url).port,
  };
  return { directory, env };
}

/** A word that is longer than what is left of a line stays whole, as an address that has to be copied; so does usage. */
export function isTooWide(line: string, columns: number): boolean {
  const words = line
    .trim()
    .split(' ')
    .filter((word) => !/^([·✓!✗→-]|[A-Z]+)?$/.test(word));
  return !line.startsWith('Usage:') && [...line].length > columns && words.length > 1;
}
