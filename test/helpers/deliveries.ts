import { randomUUID } from 'node:crypto';
import { message2025, message2026 } from './deliver.ts';
import type { Told } from './facts.ts';
import type { Seeded } from './seed.ts';

/** A delivery to be made, as long as it takes. */
export interface Planned {
  readonly chatId: string;
  readonly eventId: string;
  readonly body: string;
  readonly told: Told;
  /** `sent`: it may have been stored or not; `acked`: answered 2xx. */
  state: 'unsent' | 'sent' | 'acked';
  /** When its first 2xx was complete, by the machine's monotonic clock. */
  ackedAtNs: bigint | null;
}

export const LINES = ['+12025550100', '+12025550101'] as const;
const HOUR = 3_600_000;

/**
 * Four deliveries of one chat in either payload version. Each shows in a fact of its own (first outbound, last
 * outbound, inbound, health), so that the loss of any one can be seen.
 */
export function planChat({ between, pick, random }: Seeded, now: number): Planned[] {
  const chatId = randomUUID();
  const line = pick(LINES) ?? LINES[0];
  const first = now - between(2 * HOUR, 3 * HOUR);
  const last = first + between(1, HOUR);
  const plan = (event: Record<string, unknown>, told: Told): Planned => ({
    chatId,
    eventId: String(event.event_id),
    body: JSON.stringify(event),
    told,
    state: 'unsent',
    ackedAtNs: null,
  });
  const outbound = (at: number, service: string) =>
    plan(messageOf({ chatId, line, service, sentAt: at }), { at, outbound: { line, service } });
  const messageOf = (fields: Parameters<typeof message2026>[0]) =>
    random() < 0.5 ? message2026(fields) : message2025(fields);
  const inboundAt = last + between(1, HOUR / 2);
  const healthAt = last + between(HOUR / 2 + 1, HOUR);
  const health = pick(['HEALTHY', 'AT_RISK']) ?? 'HEALTHY';
  return [
    outbound(first, random() < 0.3 ? 'SMS' : 'iMessage'),
    outbound(last, 'iMessage'),
    plan(messageOf({ chatId, line, isOutbound: false, sentAt: inboundAt }), {
      at: inboundAt,
      isInbound: true,
    }),
    plan(chatCreated(chatId, health, healthAt), { at: healthAt, health }),
  ];
}

/** Tells a chat's health and nothing else; the same in both payload versions. */
function chatCreated(chatId: string, health: string, at: number): Record<string, unknown> {
  const iso = new Date(at).toISOString();
  return {
    api_version: 'v3',
    webhook_version: '2026-02-03',
    event_type: 'chat.created',
    event_id: randomUUID(),
    created_at: iso,
    trace_id: '0123456789abcdef0123456789abcdef',
    partner_id: 'test',
    data: {
      id: chatId,
      display_name: null,
      handles: [],
      is_group: false,
      service: 'iMessage',
      health_status: { status: health, updated_at: iso },
      created_at: iso,
      updated_at: iso,
    },
  };
}
