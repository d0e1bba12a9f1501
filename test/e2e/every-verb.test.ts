import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { startServiceRig } from '../helpers/service.ts';
import { runVerb } from '../helpers/verb.ts';
import { VERB_CASES } from '../integration/cli/verbs.ts';

const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';
const [LINE] = LINES;

/** What each verb does is in `integration/cli/`: there a build that left out a part of one wouldn't show. */
it('every verb of the built program that prints JSON does its work beside a running service', async () => {
  const { service, simulator, directory } = await startServiceRig();
  simulator.createChat({ chatId: CHAT, line: LINE });
  await deliver(service.url, message2026({ chatId: CHAT, line: LINE, sentAt: Date.now() - 1_000 }));
  const settings = {
    LINQ_API_BASE_URL: simulator.baseUrl,
    PORT: new URL(service.url).port,
    BACKUP_DIR: join(directory, 'data/backups'),
  };
  const cases = Object.entries(VERB_CASES).flatMap(([verb, caseOf]) => {
    const { args = [], json } = caseOf({ directory, chatId: CHAT, line: LINE });
    return json === null ? [] : [{ verb, args, json }];
  });
  expect(cases.length).toBeGreaterThan(20);
  const run = async ({ verb, args, json }: (typeof cases)[number]) => {
    const { code, stdout, stderr } = await runVerb(
      directory,
      [...verb.split(' '), ...args, '--json'],
      settings,
    );
    expect({ verb, code, stderr }).toEqual({ verb, code: json, stderr: '' });
    expect(() => JSON.parse(stdout), verb).not.toThrow();
  };
  // those that steer a chat or all sharing would be in each other's way; more at once would starve other tests
  const isSteering = ({ verb }: { verb: string }) => /^(chat (share|hold|release)|pause|resume)$/.test(verb);
  const inTurn = async (some: typeof cases) => {
    for (const one of some) await run(one);
  };
  await Promise.all([inTurn(cases.filter(isSteering)), inTurn(cases.filter((one) => !isSteering(one)))]);
});
