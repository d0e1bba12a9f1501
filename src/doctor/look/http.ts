import * as tls from 'node:tls';
import { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { PROBE_PROOF_HEADER } from '../../webhook/probe.ts';
import type { Exchange } from '../judge/answer.ts';

interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface HttpOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Additional trusted CA certificates (PEM); null: none. */
  readonly ca: readonly string[] | null;
}

/** As long as Linq waits. */
const DEADLINE_MS = 10 * SECOND;
const CONNECT_MS = 5 * SECOND;
/** Limit on reading a response: enough for one of our errors or a status. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** One exchange on a new connection: follows no redirects, verifies certificates. Never rejects. */
export async function exchange(
  { url, method, headers = {}, body }: HttpRequest,
  { clock, ca }: HttpOptions,
): Promise<Exchange> {
  const dispatcher = new Agent({
    connect: { timeout: CONNECT_MS, ...(ca === null ? {} : { ca: [...ca] }) },
    maxResponseSize: MAX_BODY_BYTES,
  });
  const startedAt = clock.monotonic();
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    const { origin, pathname, search } = new URL(url);
    const answer = await dispatcher.request({
      origin,
      path: pathname + search,
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    return {
      kind: 'answered',
      httpStatus: answer.statusCode,
      proof: first(answer.headers[PROBE_PROOF_HEADER]),
      location: first(answer.headers.location),
      body: text,
      tookMs: clock.monotonic() - startedAt,
    };
  } catch (error) {
    return { kind: 'failed', cause: signal.aborted ? 'timeout' : causeOf(error) };
  } finally {
    await dispatcher.destroy();
  }
}

const first = (value: string | string[] | undefined) =>
  typeof value === 'string' ? value : (value?.[0] ?? null);

/** The code of an error, or of the first one in an aggregate: a name may resolve to several addresses. */
export function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error ? causeOf(error.cause) : error.name;
}

/**
 * The CAs to trust when there are additional ones. Newer Node.js lists all that it trusts, including those of
 * NODE_EXTRA_CA_CERTS; older versions only list their own.
 */
export function trustBeside(extraCa: string | null): readonly string[] | null {
  if (extraCa === null) return null;
  const all =
    'getCACertificates' in tls ? (tls.getCACertificates as (type: string) => string[])('default') : null;
  return [...(all ?? tls.rootCertificates), extraCa];
}
