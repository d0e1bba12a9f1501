import { type EpochMs, SECOND } from '../decide/time.ts';
import { CAST, inSentence, NAMES, type Name } from './cast.ts';
import type { Play } from './play.ts';
import { pausesOf, reviewChat, reviewPauses } from './review.ts';
import { PAUSE_MS } from './script.ts';
import type { ChatSummary, DemoReport } from './summary.ts';

/** Real time by which a share may be late before the demo says so: machines have other things to do. */
const ALLOWANCE_MS = 2 * SECOND;

/** What became of each chat, and whether every promise was kept up to now. */
export async function createReport(play: Play, startAt: EpochMs, speed: number): Promise<DemoReport> {
  const { calendar } = play;
  const { clock, simulator, chatIds } = play.stage;
  const endAt = clock.now();
  const options = { endAt, allowanceMs: clock.toDomain(ALLOWANCE_MS), calendar };
  const broken = reviewPauses(simulator.calls, pausesOf(simulator.calls, PAUSE_MS), calendar);
  const chats: ChatSummary[] = [];
  for (const name of NAMES) {
    const chat = await summarize(play, name);
    const calls = simulator.callsOf(chatIds[name]);
    const course = {
      name: inSentence(name),
      openings: play.openingsOf(name),
      calls,
      shareCount: chat.shares,
    };
    broken.push(...reviewChat(course, options));
    chats.push(chat);
  }
  const [startedAt, endedAt] = [isoTime(startAt), isoTime(endAt)];
  return { ok: broken.length === 0, speed, startedAt, endedAt, broken, chats };
}

async function summarize({ stage }: Play, name: Name): Promise<ChatSummary> {
  const chatId = stage.chatIds[name];
  const { service, isGroup } = CAST[name];
  const { shareCount = 0, state = null, reason = null } = (await stage.chat(name)) ?? {};
  const promptedAt = stage.simulator.prompts(chatId).map(({ arrivedAt }) => isoTime(arrivedAt));
  return { name, chatId, service, isGroup, shares: shareCount, promptedAt, state, reason };
}

const isoTime = (at: EpochMs): string => new Date(at).toISOString();
