import { type HttpProxy, proxyFor } from '../config/network-kinds.ts';
import { SETTINGS } from '../config/settings.ts';
import type { LinqAnswer } from '../decide/outcome.ts';
import { maskAmong } from '../decide/text.ts';
import type { ShowLine } from '../status/view/chat-view.ts';
import type { DoctorOptions, DoctorSettings, Report } from './check.ts';
import { type CheckId, type Finding, fine, skipped } from './finding.ts';
import {
  judgeCards,
  judgeClock,
  judgeLines,
  judgeLinqFailure,
  judgeProxy,
  type Routes,
} from './judge/account.ts';
import { idsOfOwn, judgeNoPublicUrl, judgeSubscriptions } from './judge/subscriptions.ts';
import { lookAtLinq, type SeenLinq } from './look/linq.ts';
import { lookAtProxy } from './look/network.ts';

const NEED_LINQ = ['clock', 'lines', 'cards', 'subscription'] as const satisfies readonly CheckId[];
const NEED_PROXY = ['api_key', ...NEED_LINQ] as const;

/**
 * Checks the Linq account and the path to it: proxy, key, clock, lines, cards, subscription. Resolves to the
 * ids of the subscriptions that point here; null: unknown.
 */
export async function checkLinq(
  report: Report,
  { clock }: Pick<DoctorOptions, 'clock'>,
  settings: DoctorSettings,
): Promise<readonly string[] | null> {
  const { apiKey, baseUrl, publicUrl, wrong } = settings;
  const skip = async (ids: readonly CheckId[], reason: string) => {
    for (const id of ids) await report(id, async () => skipped(id, reason));
    return null;
  };
  const unusable =
    wrong.find((name) => name === 'HTTPS_PROXY') ?? (baseUrl === null ? 'LINQ_API_BASE_URL' : null);
  if (unusable !== null || baseUrl === null) {
    return skip(['linq_proxy', ...NEED_PROXY], `${unusable} is wrong.`);
  }
  const proxy = proxyFor(baseUrl, settings.proxies);
  const [way] = await report('linq_proxy', async () =>
    judgeProxy(routesOf(settings, proxy), proxy === null ? null : await lookAtProxy(proxy, baseUrl)),
  );
  if (way?.state === 'error' || apiKey === null) {
    const reason = apiKey === null ? 'LINQ_API_KEY is missing or wrong.' : 'The proxy blocks calls to Linq.';
    return skip(NEED_PROXY, reason);
  }
  const place = {
    baseUrl,
    isDefault: baseUrl === SETTINGS.linq.baseUrl.fallback,
    proxy: proxy?.origin ?? null,
  };
  let seen = null as SeenLinq | null;
  await report('api_key', async () => {
    seen = await lookAtLinq({ apiKey, baseUrl, proxy }, clock);
    return seen.lines.kind === 'lines'
      ? fine('api_key', 'Linq accepts it.')
      : judgeLinqFailure(seen.lines.answer, place);
  });
  for (const id of NEED_LINQ) await report(id, async () => judge(id, seen, settings));
  if (publicUrl === null || seen?.subscriptions.kind !== 'subscriptions') return null;
  return idsOfOwn(seen.subscriptions.subscriptions, publicUrl);
}

function routesOf({ alertUrl, proxies }: DoctorSettings, proxy: HttpProxy | null): Routes {
  return {
    linq: proxy?.origin ?? null,
    alerts: alertUrl === null ? undefined : (proxyFor(alertUrl, proxies)?.origin ?? null),
    isAnyNamed: proxies.https !== null || proxies.http !== null,
  };
}

function judge(
  id: (typeof NEED_LINQ)[number],
  seen: SeenLinq | null,
  settings: DoctorSettings,
): Finding | readonly Finding[] {
  const { lines: wanted, publicUrl, wrong, toleranceMs } = settings;
  if (id === 'clock') {
    return seen?.date
      ? judgeClock(seen.date, toleranceMs, settings.database?.kind === 'postgres')
      : skipped(id, 'No response from Linq had a Date header.');
  }
  if (seen === null || seen.lines.kind !== 'lines') return skipped(id, 'Linq’s API didn’t return the lines.');
  const { lines } = seen.lines;
  const showLine: ShowLine = (line) => maskAmong(line, lines);
  const shared = lines.filter((line) => wanted === null || wanted.has(line));
  if (id === 'lines') return judgeLines(lines, wanted, showLine);
  if (id === 'cards') {
    if (seen.cards.kind !== 'cards') return skipped(id, unread('the cards', seen.cards.answer));
    if (shared.length === 0) return skipped(id, 'There are no lines to share on.');
    return judgeCards(shared, seen.cards.cards, showLine);
  }
  if (publicUrl === null)
    return wrong.includes('PUBLIC_URL') ? skipped(id, 'PUBLIC_URL is wrong.') : judgeNoPublicUrl();
  if (seen.subscriptions.kind !== 'subscriptions')
    return skipped(id, unread('the webhook subscriptions', seen.subscriptions.answer));
  return judgeSubscriptions(seen.subscriptions.subscriptions, publicUrl, shared, showLine);
}

function unread(what: string, answer: LinqAnswer): string {
  const why = answer.kind === 'answered' ? `HTTP ${answer.httpStatus}` : answer.cause;
  return `Linq didn’t return ${what} (${why}): run doctor again in a minute.`;
}
