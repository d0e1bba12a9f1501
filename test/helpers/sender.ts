import { Pool } from 'undici';
import { sign } from './deliver.ts';

export interface Sender {
  /** Signs as of now and posts; resolves to the status of a complete answer, or to null when there was none. */
  readonly send: (body: string, webhookId: string) => Promise<number | null>;
  readonly close: () => Promise<void>;
}

/** Posts deliveries over keep-alive connections to one address, as Linq does. */
export function createSender(url: string, connections: number): Sender {
  const pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 10_000, bodyTimeout: 10_000 });
  return {
    async send(body, webhookId) {
      const headers = sign(body, { at: Date.now(), webhookId });
      try {
        const answer = await pool.request({ method: 'POST', path: '/webhooks/linq', headers, body });
        await answer.body.dump();
        return answer.statusCode;
      } catch {
        return null; // refused, reset or timed out: all the same to whoever has to send it again
      }
    },
    close: () => pool.destroy(),
  };
}
