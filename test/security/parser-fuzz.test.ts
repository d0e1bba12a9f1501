import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { FIRST_IMESSAGE_AT } from '../../src/decide/time.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createRecorder } from '../../src/recorder.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { parseDelivery } from '../../src/webhook/parse.ts';
import { sealDelivery } from '../../src/webhook/quarantine.ts';
import { createDeliveryLog, createWebhookCounters } from '../../src/webhook/report.ts';
import { webhookRoute } from '../../src/webhook/route.ts';
import { createVerifier } from '../../src/webhook/verify.ts';
import { policyOf } from '../helpers/builders.ts';
import { post, SECRET, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { isReady, readOverview } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createPayloadMaker, type Mutated } from './parser-mutations.ts';

const RERUN = 'npm run test:security -- parser-fuzz';
/** Delivered together, so that they are committed together. */
const TOGETHER = 50;
const OVER_HTTP = 600;

/** Everything that a polluted prototype would show on. */
const prototypes = () =>
  [Object, Array, Function, String, Number, Map, Buffer]
    .map(({ prototype }) => Reflect.ownKeys(prototype).map(String).sort().join())
    .join('\n');

/** A directory in memory where there is such a place: here nobody pulls the plug, and a flush to disk takes a while. */
function inMemory(): string {
  const memory = '/dev/shm';
  const directory = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'contact-card-reactor-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** The route over a real store and recorder, without a socket. */
async function startRoute() {
  const unsound: string[] = [];
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const clock = createSystemClock();
  const store = openSqliteStore({ path: join(inMemory(), 'reactor.db'), policy: policyOf() });
  const recorder = createRecorder({
    commit: (events, now) => store.record(events, now),
    now: () => clock.now(),
    onRecorded: () => {},
  });
  const app = await createHttpServer({
    trustProxy: false,
    log: { level: 'warn', format: 'json', stream },
    isDraining: () => false,
  });
  const counters = createWebhookCounters();
  await app.register(async (scope) =>
    webhookRoute(scope, {
      verify: createVerifier({ secrets: [SECRET], toleranceMs: 300_000, acceptLegacySignatures: false }),
      parse: createSoundParser(unsound),
      record: recorder.record,
      seal: (raw) => sealDelivery(raw, SECRET),
      quarantine: recorder.quarantine,
      clock,
      onStale: () => {},
      linqDateOffMs: () => null,
      isDraining: () => false,
      rateLimit: 0,
      counters,
      deliveries: createDeliveryLog(),
    }),
  );
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  const take = async (raw: Buffer) => {
    const headers = sign(raw, { at: Date.now() });
    return (await app.inject({ method: 'POST', url: '/webhooks/linq', headers, payload: raw })).statusCode;
  };
  return {
    take,
    counters,
    unsound,
    failures: () => lines.filter((line) => line.includes('delivery.failed')),
  };
}

/** Reads as the service does, and notes what no reader may make of a payload: a time or an id that isn't sound. */
function createSoundParser(unsound: string[]): typeof parseDelivery {
  return (raw, onUnreadable) => {
    const parsed = parseDelivery(raw, onUnreadable);
    if (parsed.kind === 'ignored') return parsed;
    const { event } = parsed;
    const instants =
      event.kind !== 'chat'
        ? [event.kind === 'line' ? event.at : null]
        : [event.outbound?.at, event.inbound?.at, event.health?.at, event.leftAt, event.joinedAt];
    for (const at of instants) {
      const isTold = at !== undefined && at !== null;
      if (isTold && !(Number.isSafeInteger(at) && at >= FIRST_IMESSAGE_AT)) unsound.push(`instant ${at}`);
    }
    const id = event.kind === 'chat' ? event.chatId : event.line;
    if (id.length === 0 || [...id].length > 128 || /[\p{C}\p{Z}]/u.test(id)) unsound.push(`id ${id}`);
    return parsed;
  };
}

const isRight = ({ isUnreadable }: Mutated, status: number) =>
  isUnreadable ? status === 202 : status === 202 || status === 204;

const shown = ({ raw }: Mutated) => raw.toString('latin1').slice(0, 2_000);

it('anything that carries a valid signature is answered 2xx: a fact, nothing for us, or put aside', {
  timeout: 3_600_000,
}, async () => {
  const cases = suiteCount(10_000);
  const seeded = createSeeded(RERUN);
  const makePayload = createPayloadMaker(seeded);
  const { take, counters, unsound, failures } = await startRoute();
  const before = prototypes();
  const seen: Record<number, number> = {};
  const wrong: unknown[] = [];
  let unreadable = 0;

  for (let n = 0; n < cases; n += TOGETHER) {
    const batch = Array.from({ length: Math.min(TOGETHER, cases - n) }, makePayload);
    const statuses = await Promise.all(batch.map(({ raw }) => take(raw)));
    for (const [index, one] of batch.entries()) {
      const status = statuses[index] ?? 0;
      seen[status] = (seen[status] ?? 0) + 1;
      if (one.isUnreadable) unreadable++;
      if (!isRight(one, status) && wrong.length < 5) wrong.push({ n: n + index, status, body: shown(one) });
    }
  }

  const { accepted, ignored, quarantined } = counters;
  const reached = { cases, accepted, ignored, quarantined, unreadable };
  reportReached('parser-fuzz', { seed: seeded.seed, ...reached, violations: wrong.length + unsound.length });
  expect(wrong).toEqual([]);
  expect(unsound.slice(0, 5)).toEqual([]);
  expect(failures()).toEqual([]);
  expect(prototypes()).toBe(before);
  expect({ '204': accepted + ignored, '202': quarantined }).toEqual(seen);
  for (const count of [accepted, ignored, quarantined, unreadable]) expect(count).toBeGreaterThan(cases / 50);
});

it('so does the real process, and goes on', async () => {
  const { reactor } = await startRig({ WEBHOOK_RATE_LIMIT: '0' });
  const seeded = createSeeded(RERUN);
  const makePayload = createPayloadMaker(seeded);
  const wrong: unknown[] = [];

  for (let n = 0; n < OVER_HTTP; n++) {
    const one = makePayload();
    const { status } = await post(reactor.url, one.raw, sign(one.raw, { at: Date.now() }));
    if (!isRight(one, status)) wrong.push({ n, status, body: shown(one) });
  }

  reportReached('parser-fuzz-http', { seed: seeded.seed, cases: OVER_HTTP, violations: wrong.length });
  expect(wrong).toEqual([]);
  expect(await isReady(reactor.url)).toBe(true);
  const { webhooks } = await readOverview(reactor.url);
  expect(webhooks.accepted + webhooks.ignored + webhooks.quarantined).toBe(OVER_HTTP);
  expect(reactor.log().filter(({ msg }) => msg === 'delivery.failed')).toEqual([]);
});
