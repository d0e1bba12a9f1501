import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { post } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { readOverview } from '../helpers/status.ts';

const folder = new URL('../fixtures/linq/', import.meta.url);
const setClock = new URL('../helpers/set-clock.mjs', import.meta.url).href;

interface Vectors {
  readonly signing_secret: string;
  readonly vectors: readonly {
    readonly body_file: string;
    readonly headers: Readonly<Record<string, string>>;
  }[];
}

const { signing_secret: secret, vectors }: Vectors = JSON.parse(
  readFileSync(new URL('webhooks/signature-vectors.json', folder), 'utf8'),
);

/** A recorded delivery, to a process whose clock was set so that it was signed so many seconds ago. */
async function deliverRecorded({ body_file: file, headers }: Vectors['vectors'][number], ageSeconds: number) {
  const reactor = await startReactor(createWorkDir(), {
    LINQ_WEBHOOK_SECRET: secret,
    NODE_OPTIONS: `--import=${setClock}`,
    SET_CLOCK: String((Number(headers['webhook-timestamp']) + ageSeconds) * 1000),
  });
  const body = readFileSync(new URL(file, folder));
  const { status } = await post(reactor.url, body, { ...headers, 'content-type': 'application/json' });
  const { webhooks, chats, now } = await readOverview(reactor.url);
  return { status, webhooks, chats, now };
}

it('there are three of them', () => {
  expect(vectors).toHaveLength(3);
});

describe.each(vectors)('the published delivery of $body_file with its recorded signature', (vector) => {
  it('is accepted by a process of its time', async () => {
    const { status, webhooks, now } = await deliverRecorded(vector, 0);

    expect(status).toBe(204);
    expect(webhooks).toMatchObject({ accepted: 1, ignored: 0, quarantined: 0 });
    expect(Date.parse(now) / 1000 - Number(vector.headers['webhook-timestamp'])).toBeLessThan(60);
  });

  it('is stale to a process that lives five minutes and a second later', async () => {
    const { status, webhooks, chats } = await deliverRecorded(vector, 301);

    expect(status).toBe(401);
    expect(webhooks).toMatchObject({ accepted: 0, rejected: { stale: 1 } });
    expect(chats.total).toBe(0);
  });
});
