import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { sign } from './deliver.ts';

/** The status of a complete answer; nobody listened; it was sent and the connection broke; or no answer came in time. */
export type Answered = number | 'refused' | 'lost' | 'late';

export interface Sender {
  /** Signs as of now and posts; the last byte not before that has resolved. */
  readonly send: (body: string, webhookId: string, beforeEnd?: () => Promise<void>) => Promise<Answered>;
  readonly close: () => Promise<void>;
}

/** Posts deliveries over keep-alive connections to one address, as Linq does. */
export function createSender(url: string, connections: number): Sender {
  const pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 10_000, bodyTimeout: 10_000 });
  return {
    async send(text, webhookId, beforeEnd) {
      const signed = sign(text, { at: Date.now(), webhookId });
      const headers = { ...signed, 'content-length': String(Buffer.byteLength(text)) };
      const body =
        beforeEnd === undefined ? text : Readable.from(inTwo(text, beforeEnd), { objectMode: false });
      try {
        const answer = await pool.request({ method: 'POST', path: '/webhooks/linq', headers, body });
        await answer.body.dump();
        return answer.statusCode;
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : null;
        return code === 'ECONNREFUSED' ? 'refused' : code === 'UND_ERR_HEADERS_TIMEOUT' ? 'late' : 'lost';
      }
    },
    close: () => pool.destroy(),
  };
}

async function* inTwo(text: string, beforeEnd: () => Promise<void>) {
  yield text.slice(0, -1);
  await beforeEnd();
  yield text.slice(-1);
}
