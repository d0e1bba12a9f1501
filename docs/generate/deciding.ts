import { type ChatRecord, newChat, settleVerdict } from '../../src/decide/chat.ts';
import { mergeChatEvent } from '../../src/decide/facts.ts';
import type { StandingHold } from '../../src/decide/holds.ts';
import { classifyAnswer } from '../../src/decide/outcome.ts';
import { applyHold, decideShare } from '../../src/decide/share.ts';
import { explain } from '../../src/status/view/explanation.ts';
import { timeInWords } from '../../src/status/view/wording.ts';
import { policyOf, T } from '../../test/helpers/builders.ts';
import { DECIDING } from './deciding-words.ts';
import { type Moment, STORIES, type Story } from './stories.ts';

/** `docs/deciding.md`. The rules decide what its examples say. */
export function renderDeciding(): string {
  return DECIDING.replace('STORIES', STORIES.map(tell).join('\n\n'));
}

function tell({ title, policy: parts, moments }: Story): string {
  const policy = policyOf(parts);
  let chat = newChat('example');
  let hold: StandingHold | null = null;
  const rows = moments.map((moment) => {
    const now = T + moment.afterMs;
    hold = moment.hold === undefined ? hold : moment.hold;
    chat = after(chat, moment);
    chat = { ...chat, ...decideShare(chat, policy, now) };
    const { state, reason, nextAttemptAt } = applyHold(chat, hold);
    const sentence = explain({ chat, state, reason, nextAttemptAt, hold, policy, now });
    return `| ${timeInWords(now).slice(5, 19)} | ${moment.happens} | \`${state}\` \`${reason}\` | ${sentence} |`;
  });
  return [
    `### ${title}`,
    '',
    "| time (UTC) | what happens | state, reason | what the chat's page says |",
    '|---|---|---|---|',
    ...rows,
  ].join('\n');

  function after(before: ChatRecord, { event, answer, afterMs }: Moment): ChatRecord {
    const now = T + afterMs;
    const merged = event === undefined ? before : mergeChatEvent(before, event);
    if (answer === undefined) return merged;
    return settleVerdict(merged, classifyAnswer(answer), { startedAt: now, endedAt: now }, policy, 0);
  }
}
