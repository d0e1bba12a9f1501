import { Pool } from 'undici';
import { API_KEY, CONCURRENCY } from './settings.ts';

const HEADERS = { authorization: `Bearer ${API_KEY}`, accept: 'application/json' };

/** The call that shares a card, with nothing around it. Rejects unless the API answers with 204. */
export function createShareCall(apiUrl: string): (chatId: string) => Promise<void> {
  const api = new Pool(apiUrl, { connections: CONCURRENCY });
  return async (chatId) => {
    const path = `/v3/chats/${chatId}/share_contact_card`;
    const { statusCode, body } = await api.request({ method: 'POST', path, headers: HEADERS });
    await body.dump();
    if (statusCode !== 204) throw new Error(`expected 204, got ${statusCode}`);
  };
}
