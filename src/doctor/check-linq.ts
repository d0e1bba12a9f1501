import { SETTINGS } from '../config/settings.ts';
import type { LinqAnswer } from '../decide/answer.ts';
import type { DoctorOptions } from './doctor.ts';
import { type CheckId, type Finding, fine, skipped } from './finding.ts';
import { judgeCards } from './judge/cards.ts';
import { judgeClock } from './judge/clock.ts';
import { judgeLines } from './judge/lines.ts';
import { judgeLinqFailure } from './judge/linq-api.ts';
import { judgeNoPublicUrl, judgeSubscriptions } from './judge/subscription.ts';
import { lookAtLinq, type SeenLinq } from './look/linq.ts';
import type { Report } from './report.ts';
import type { DoctorSettings } from './settings.ts';

const NEED_LINQ = ['clock', 'lines', 'cards', 'subscription'] as const satisfies readonly CheckId[];

/** The account at Linq: key, clock, lines, cards, subscription. */
export async function checkLinq(
  report: Report,
  { clock }: DoctorOptions,
  settings: DoctorSettings,
): Promise<void> {
  const { apiKey, baseUrl } = settings;
  if (apiKey === null || baseUrl === null) {
    const what = apiKey === null ? 'LINQ_API_KEY' : 'LINQ_API_BASE_URL';
    for (const id of ['api_key', ...NEED_LINQ] as const)
      await report(id, async () => skipped(id, `${what} can't be used.`));
    return;
  }
  let seen: SeenLinq | null = null;
  await report('api_key', async () => {
    seen = await lookAtLinq({ apiKey, baseUrl }, clock);
    return seen.lines.kind === 'lines'
      ? fine('api_key', 'Linq accepts it.')
      : judgeLinqFailure(seen.lines.answer, { baseUrl, isDefault: baseUrl === SETTINGS.baseUrl.fallback });
  });
  for (const id of NEED_LINQ) await report(id, async () => judge(id, seen, settings));
}

function judge(
  id: (typeof NEED_LINQ)[number],
  seen: SeenLinq | null,
  settings: DoctorSettings,
): Finding | readonly Finding[] {
  const { lines: wanted, publicUrl, wrong, toleranceMs } = settings;
  if (id === 'clock') {
    return seen?.date ? judgeClock(seen.date, toleranceMs) : skipped(id, 'No answer of Linq told its time.');
  }
  if (seen === null || seen.lines.kind !== 'lines')
    return skipped(id, "Linq's API doesn't answer as it should.");
  const { lines } = seen.lines;
  if (id === 'lines') return judgeLines(lines, wanted);
  if (id === 'cards') {
    if (seen.cards.kind !== 'cards') return skipped(id, unread('the cards', seen.cards.answer));
    const shared = lines.filter((line) => wanted === null || wanted.has(line));
    if (shared.length === 0) return skipped(id, 'There is no line to share on.');
    return judgeCards(shared, seen.cards.cards);
  }
  if (publicUrl === null)
    return wrong.includes('PUBLIC_URL') ? skipped(id, "PUBLIC_URL can't be used.") : judgeNoPublicUrl();
  if (seen.subscriptions.kind !== 'subscriptions')
    return skipped(id, unread('the webhook subscriptions', seen.subscriptions.answer));
  return judgeSubscriptions(seen.subscriptions.subscriptions, publicUrl);
}

function unread(what: string, answer: LinqAnswer): string {
  const why = answer.kind === 'answered' ? `HTTP ${answer.httpStatus}` : answer.cause;
  return `Linq didn't tell ${what} (${why}): run doctor again in a minute.`;
}
