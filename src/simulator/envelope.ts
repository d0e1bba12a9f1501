import type { EpochMs } from '../decide/time.ts';
import { iso, isoNanos } from './resources.ts';

/** Linq's two payload versions; the second is what subscriptions made before February 2026 still get. */
export type PayloadVersion = '2026-02-03' | '2025-01-01';

/** What every event carries, whatever happened. */
export interface EventHead {
  readonly eventId: string;
  readonly createdAt: EpochMs;
  readonly traceId: string;
  readonly partnerId: string;
}

/** A webhook body before it is turned into bytes; keys in the order of Linq's own samples. */
export interface Payload {
  readonly api_version: 'v3';
  readonly webhook_version: PayloadVersion;
  readonly event_type: string;
  readonly event_id: string;
  readonly created_at: string;
  readonly trace_id: string;
  readonly partner_id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Wraps what is particular to one event. */
export function envelope(
  head: EventHead,
  version: PayloadVersion,
  eventType: string,
  data: Readonly<Record<string, unknown>>,
): Payload {
  return {
    api_version: 'v3',
    webhook_version: version,
    event_type: eventType,
    event_id: head.eventId,
    created_at: isoNanos(head.createdAt),
    trace_id: head.traceId,
    partner_id: head.partnerId,
    data,
  };
}

/** What happened to the account itself. @param about further fields, as far as they are known */
export function accountPayload(
  head: EventHead,
  version: PayloadVersion,
  eventType: string,
  at: EpochMs,
  origin: 'dashboard' | 'api' | 'linq',
  about: object,
): Payload {
  return envelope(head, version, eventType, {
    summary: eventType.replaceAll(/[._]/g, ' '),
    occurred_at: iso(at),
    actor: { type: origin === 'dashboard' ? 'team_member' : 'api' },
    origin,
    ...about,
  });
}
