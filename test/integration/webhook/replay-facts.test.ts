import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ReactorEvent } from '../../../src/decide/event.ts';
import { SECOND } from '../../../src/decide/time.ts';
import { PayloadError } from '../../../src/errors.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { createQuarantine } from '../../../src/webhook/quarantine.ts';
import { policyOf, T } from '../../helpers/builders.ts';
import { message2025, message2026, SECRET } from '../../helpers/deliver.ts';
import { LINES } from '../../helpers/deliveries.ts';
import { createSeeded, type Seeded } from '../../helpers/seed.ts';
import { allChats } from '../../helpers/store/use-store.ts';
import { reportReached, suiteCount } from '../../helpers/suite.ts';

const CHATS = ['chat-a', 'chat-b', 'chat-c'];
/** When everything is decided, so that only facts can differ. */
const NOW = T + 3_600 * SECOND;

/** A delivery in either version; instants lie close together, so that ties and every order are met. */
function randomBody({ pick, between, random }: Seeded): string {
  const at = T + between(0, 6);
  const iso = new Date(at).toISOString();
  const line = pick(LINES) ?? LINES[0];
  const chatId = pick(CHATS) ?? '';
  const envelope = (event_type: string, data: object) =>
    JSON.stringify({ api_version: 'v3', event_type, event_id: randomUUID(), created_at: iso, data });
  const kind = between(0, 9);
  if (kind === 0) {
    const [previous, status] = random() < 0.5 ? ['ACTIVE', 'FLAGGED'] : ['FLAGGED', 'ACTIVE'];
    return envelope('phone_number.status_updated', {
      phone_number: line,
      changed_at: iso,
      previous_status: previous,
      new_status: status,
    });
  }
  if (kind === 1) {
    const isAdded = random() < 0.5;
    const participant = { handle: line, is_me: true };
    const when = isAdded ? { added_at: iso } : { removed_at: iso };
    return envelope(`participant.${isAdded ? 'added' : 'removed'}`, {
      chat_id: chatId,
      handle: line,
      participant,
      ...when,
    });
  }
  const build = random() < 0.5 ? message2026 : message2025;
  return JSON.stringify(
    build({
      chatId,
      line,
      isOutbound: random() < 0.6,
      service: pick(['iMessage', 'SMS', null]) ?? null,
      isGroup: pick([true, false, null]) ?? null,
      text: pick(['Hello', 'STOP']) ?? '',
      sentAt: at,
      ...(build === message2026
        ? { health: pick(['HEALTHY', 'AT_RISK', 'CRITICAL', 'OPTED_OUT']) ?? '' }
        : {}),
    }),
  );
}

function openStore(): Store {
  const memory = '/dev/shm'; // here nobody pulls the plug
  const directory = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'replay-'));
  const store = openSqliteStore({ path: join(directory, 'reactor.db'), policy: policyOf() });
  onTestFinished(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return store;
}

async function record(store: Store, event: ReactorEvent): Promise<'stored'> {
  expect(await store.record([event], NOW)).toEqual([{ kind: 'stored' }]);
  return 'stored';
}

async function recordBody(store: Store, body: string): Promise<void> {
  const parsed = parseDelivery(Buffer.from(body));
  if (parsed.kind !== 'ignored') await record(store, parsed.event);
}

async function factsOf(store: Store) {
  // when a chat is woken is only a bound: it may be early
  const chats = (await allChats(store)).map(({ wakeAt: _, ...chat }) => chat);
  // a line is known by name, too, when the latest message of a chat was from it for a while: that depends on the order
  const lines = (await store.lines()).filter(({ status }) => status !== null);
  const byName = (a: string, b: string) => (a < b ? -1 : 1);
  return {
    chats: chats.sort((a, b) => byName(a.chatId, b.chatId)),
    lines: lines.sort((a, b) => byName(a.line, b.line)),
    counts: (await store.counts(NOW)).map((one) => JSON.stringify(one)).sort(),
  };
}

/** Part of it is read at once, the rest only by the next version; resolves to how many came back. */
async function readTwice(store: Store, bodies: readonly string[], seeded: Seeded): Promise<number> {
  const { random, between, shuffle } = seeded;
  const hard = new Set(bodies.filter(() => random() < 0.4));
  const withParser = (parse: typeof parseDelivery) =>
    createQuarantine({
      store,
      secrets: [SECRET],
      parse,
      record: (event) => record(store, event),
      now: () => NOW,
      log: { info() {} },
    });
  const older = withParser((raw) => {
    if (hard.has(raw.toString())) throw new PayloadError('of a format of tomorrow');
    return parseDelivery(raw);
  });
  let count = 0;
  for (const body of bodies) {
    if (!hard.has(body)) await recordBody(store, body);
    else {
      const raw = Buffer.from(body);
      const row = { receivedAt: NOW, webhookId: `msg_${count++}`, eventType: null, cause: 'new' };
      await store.record([{ ...row, sealed: older.seal(raw, 0) }], 0);
    }
    if (random() < 0.05) expect((await older.replay(null))?.replayed).toBe(0);
  }
  const newer = withParser(parseDelivery);
  const singly = shuffle(Array.from({ length: count }, (_, index) => `msg_${index}`));
  for (const eventId of singly.slice(0, between(0, count))) {
    expect(await newer.replay(eventId)).toEqual({ replayed: 1, failed: 0 });
  }
  expect((await newer.replay(null))?.failed).toBe(0);
  expect((await newer.list()).length).toBe(0);
  return count;
}

it('deliveries that only a later version can read lead to the same facts, whenever and in whatever order', async () => {
  const seeded = createSeeded('npm run test:integration -- replay-facts');
  const runs = suiteCount(30);
  let deliveries = 0;
  let replayed = 0;
  for (let run = 0; run < runs; run++) {
    const bodies = Array.from({ length: seeded.between(1, 40) }, () => randomBody(seeded));
    const [atOnce, later] = [openStore(), openStore()];
    for (const body of bodies) await recordBody(atOnce, body);
    replayed += await readTwice(later, bodies, seeded);
    deliveries += bodies.length;
    expect(await factsOf(later)).toEqual(await factsOf(atOnce));
  }
  expect(replayed).toBeGreaterThan(runs);
  reportReached('replay-facts', { seed: seeded.seed, runs, deliveries, replayed, violations: 0 });
});
