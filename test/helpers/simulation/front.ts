import { createLineNews } from '../../../src/app/app.ts';
import { createHttpServer } from '../../../src/http/server.ts';
import { createRecorder } from '../../../src/recorder.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { sealDelivery } from '../../../src/webhook/quarantine.ts';
import { createDeliveryLog, createWebhookCounters } from '../../../src/webhook/report.ts';
import { webhookRoute } from '../../../src/webhook/route.ts';
import { createVerifier } from '../../../src/webhook/verify.ts';
import { SECRET, sign } from '../deliver.ts';
import type { LifeParts } from '../model/life.ts';

export interface Front {
  /** Signs a delivery as sent at that time and hands it in, without a socket; resolves to the status. */
  post(body: string, webhookId: string, sentAt: number): Promise<number>;
}

/** The way in, wired as in the service: signed bytes, verified, parsed, recorded in groups, answered after the commit. */
export async function createFront({ store, dispatcher, clock, guard }: LifeParts): Promise<Front> {
  const bringsNewsOfLines = createLineNews();
  const recorder = createRecorder({
    async commit(entries, now) {
      const results = await store.record(entries, now);
      if (bringsNewsOfLines(entries)) dispatcher.linesChanged();
      return results;
    },
    now: () => clock.now(),
    onRecorded: () => dispatcher.nudge(),
  });
  const isDraining = () => false;
  const server = await createHttpServer({
    trustProxy: false,
    log: { level: 'fatal', format: 'json' },
    isDraining,
  });
  await server.register(async (scope) =>
    webhookRoute(scope, {
      verify: createVerifier({ secrets: [SECRET], toleranceMs: 300_000, acceptLegacySignatures: false }),
      parse: parseDelivery,
      record: recorder.record,
      seal: (raw) => sealDelivery(raw, SECRET),
      quarantine: recorder.quarantine,
      clock,
      onStale: () => {},
      linqDateOffMs: guard.linqDateOffMs,
      isDraining,
      rateLimit: 0,
      counters: createWebhookCounters(),
      deliveries: createDeliveryLog(),
    }),
  );
  await server.ready();
  return {
    async post(body, webhookId, sentAt) {
      const headers = sign(body, { webhookId, at: sentAt });
      const answer = await server.inject({ method: 'POST', url: '/webhooks/linq', headers, payload: body });
      return answer.statusCode;
    },
  };
}
