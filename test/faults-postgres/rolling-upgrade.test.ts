import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findUnequalShares, findUnmadeCalls, startFleet } from '../helpers/fleet.ts';
import { withClient } from '../helpers/postgres-home.ts';
import { createWorkDir } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const UPGRADES = suiteCount(2);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MIGRATIONS = join('migrations', 'postgres');

/** What a later version might do to a large table: it waits for everybody, and everybody for it. */
const MIGRATION = `ALTER TABLE "chats" ADD COLUMN "later" bigint;--> statement-breakpoint
CREATE INDEX "chats_later" ON "chats" USING btree ("later") WHERE "chats"."later" is not null;`;

/**
 * The built program, with one migration more.
 * @param mayGoOn replicas that don't know the migration may write beside it
 * @returns what is started
 */
function createLaterVersion(mayGoOn: boolean): string {
  const directory = createWorkDir();
  for (const name of ['dist', 'migrations', 'package.json'])
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const path = join(directory, MIGRATIONS, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(path, 'utf8'));
  const last = journal.entries.at(-1);
  const tag = `${String(last.idx + 1).padStart(4, '0')}_later`;
  journal.entries.push({ ...last, idx: last.idx + 1, tag, when: last.when + 1 });
  writeFileSync(path, JSON.stringify(journal));
  const oldest = mayGoOn ? `-- oldest: ${journal.entries.length - 1}\n` : '';
  writeFileSync(join(directory, MIGRATIONS, `${tag}.sql`), `${oldest}${MIGRATION}`);
  return join(directory, 'dist', 'main.js');
}

it(
  `three replicas that are replaced by a later version one by one, ${UPGRADES} times, lose no delivery and repeat no share`,
  async () => {
    const versions = [createLaterVersion(true), createLaterVersion(false)];
    let total = {
      upgrades: 0,
      chats: 0,
      acked: 0,
      unanswered: 0,
      calls: 0,
      attempts: 0,
      interrupted: 0,
      longestTransactionMs: 0,
    };
    const seeded = createSeeded(`SUITE_COUNT=${UPGRADES} npm run test:faults-postgres -- rolling-upgrade`);
    for (let upgrade = 0; upgrade < UPGRADES; upgrade++) {
      const mayGoOn = upgrade % 2 === 0;
      const main = versions[mayGoOn ? 0 : 1] ?? '';
      const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
      const { trial, members, balancer, server } = fleet;
      const { load, simulator } = trial;

      const run = load.run(balancer.url);
      await simulator.when(() => simulator.calls.length > 20);
      for (const [index, member] of members.entries()) {
        balancer.setTargets(members.filter((other) => other !== member).flatMap(({ url }) => url ?? []));
        expect(await fleet.end(member, 'SIGTERM')).toEqual({ code: 0, signal: null });
        await fleet.enter(member, fleet.launchOther(index, main)); // beside those that know nothing of it
      }
      await run.stop();
      await load.finish(balancer.url);
      const stored = await fleet.finish();

      expect(findUnequalShares(fleet, stored)).toEqual([]);
      expect(findUnmadeCalls(fleet, stored)).toEqual([]);
      const others = stored.attempts.filter(({ outcome }) => outcome !== 'shared');
      if (mayGoOn) expect(others).toEqual([]);
      expect(others.filter(({ outcome }) => outcome !== 'interrupted')).toEqual([]);
      for (const chatId of load.chats.keys()) expect(simulator.prompts(chatId)).toHaveLength(1);
      const applied = await withClient(server.url, (client) =>
        client.query("SELECT FROM contact_card_reactor.migrations WHERE tag LIKE '%later'"),
      );
      expect(applied.rowCount).toBe(1);
      const { chats, acked, unanswered, calls, attempts, interrupted, longestTransactionMs } =
        await fleet.figures(stored);
      total = {
        upgrades: total.upgrades + 1,
        chats: total.chats + chats,
        acked: total.acked + acked,
        unanswered: total.unanswered + unanswered,
        calls: total.calls + calls,
        attempts: total.attempts + attempts,
        interrupted: total.interrupted + interrupted,
        longestTransactionMs: Math.max(total.longestTransactionMs, longestTransactionMs),
      };
      for (const { running } of members) await running.exited;
    }
    reportReached('rolling-upgrade', { seed: seeded.seed, ...total, violations: 0 });
  },
  300_000 + UPGRADES * 120_000,
);
