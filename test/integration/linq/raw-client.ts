import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { LinqClientOptions } from '../../../src/linq/client.ts';
import { createTestClient, type Respond, startRawServer } from './raw-server.ts';

/** An answer as Linq gives it. */
export const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/linq/api/${name}`, import.meta.url), 'utf8');

/** The client, and a server of which every byte is the test's; both end with the test. */
export async function setUp(respond: Respond | string, options: Partial<LinqClientOptions> = {}) {
  const server = await startRawServer(
    typeof respond === 'string' ? (socket) => socket.write(respond) : respond,
  );
  const client = createTestClient(`${server.origin}/api/partner/`, options);
  onTestFinished(async () => {
    await client.close();
    await server.stop();
  });
  return { server, client, lines: () => server.requests.map(({ line }) => line) };
}
