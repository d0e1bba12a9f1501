import { expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { type LinqClient, measureCalls } from '../../../src/linq/client.ts';
import { answerOf } from '../../helpers/builders.ts';

/** A client whose calls take 7 ms and bring these results, and what is told of them. */
function measure(results: Record<string, unknown>) {
  let at = 0;
  const told: unknown[][] = [];
  const calls = Object.entries(results).map(([name, result]) => [
    name,
    async () => {
      at += 7;
      return result;
    },
  ]);
  const client = Object.fromEntries(calls) as LinqClient;
  return {
    told,
    client: measureCalls(
      client,
      () => at,
      (...call) => void told.push(call),
    ),
  };
}

const unanswered = (cause: string): LinqAnswer => ({ kind: 'unanswered', mayHaveArrived: true, cause });

it.each<[LinqAnswer, string]>([
  [answerOf(200), 'success'],
  [answerOf(204), 'success'],
  [answerOf(302), 'refused'],
  [answerOf(400, 1002), 'refused'],
  [answerOf(404, 2012), 'refused'],
  [answerOf(429, 1007), 'rate_limited'],
  [answerOf(500, 3006), 'server_error'],
  [answerOf(503), 'server_error'],
  [unanswered('timeout'), 'timeout'],
  [unanswered('connect_timeout'), 'timeout'],
  [unanswered('refused'), 'no_answer'],
  [unanswered('reset'), 'no_answer'],
  [unanswered('constructor'), 'no_answer'],
  [unanswered('aborted'), 'cut'],
  [unanswered('closed'), 'cut'],
])('%j is told of as %s, whether as the answer itself or as what failed', async (answer, outcome) => {
  const { client, told } = measure({ shareContactCard: answer, contactCards: { kind: 'failed', answer } });
  expect(await client.shareContactCard('a')).toBe(answer);
  await client.contactCards(null);
  expect(told).toEqual([
    ['share_contact_card', outcome, 7],
    ['contact_cards', outcome, 7],
  ]);
});

it('a read that brought something is a success', async () => {
  const { client, told } = measure({
    chats: { kind: 'chats', chats: [] },
    lines: { kind: 'lines', lines: [] },
  });
  await client.chats(null, null);
  await client.lines();
  expect(told).toEqual([
    ['chats', 'success', 7],
    ['lines', 'success', 7],
  ]);
});

it('the end of the client is no call', async () => {
  const { client, told } = measure({ close: undefined });
  await client.close();
  expect(told).toEqual([]);
});
