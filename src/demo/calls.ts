import { HOUR } from '../decide/time.ts';
import type { ShareCall } from '../simulator/shares.ts';
import { inSentence, NAMES, type Name } from './cast.ts';
import type { Mark, Narrator } from './narrator.ts';
import { isShare } from './review.ts';
import type { Stage } from './stage.ts';

/** What the demo tells of a share call: how it ended, and what came before it. */
export interface ToldCall {
  readonly name: Name;
  readonly call: Pick<ShareCall, 'arrivedAt' | 'status' | 'effect'>;
  /** Calls of the same chat before this one, oldest first. */
  readonly earlier: readonly Pick<ShareCall, 'arrivedAt' | 'status'>[];
}

/** A sentence for an answered call; null: it would only repeat the one before. */
export function tellCall(told: ToldCall): { readonly mark: Mark; readonly text: string } | null {
  const { name, call, earlier } = told;
  if (isShare(call)) {
    if (call.effect === 'prompt') return { mark: 'shared', text: tellShare(told) };
    return { mark: 'trouble', text: `${inSentence(name)}: a call to no effect (${call.effect}).` };
  }
  if (earlier.at(-1)?.status === call.status) return null;
  if (call.status === 429)
    return { mark: 'trouble', text: 'Linq answers 429 and asks for a pause (Retry-After): all calls wait.' };
  const next = (call.status ?? 0) >= 500 ? 'the service tries again, with growing pauses' : 'it refuses';
  return { mark: 'trouble', text: `Linq answers ${call.status}: ${next}.` };
}

function tellShare({ name, call, earlier }: ToldCall): string {
  const lastShare = earlier.findLast(isShare);
  const failures = lastShare === undefined ? earlier : earlier.slice(earlier.indexOf(lastShare) + 1);
  const tries = failures.length > 1 ? `, at attempt ${failures.length + 1}` : '';
  if (lastShare === undefined) return `${inSentence(name)} gets your card${tries}.`;
  const hours = Math.floor((call.arrivedAt - lastShare.arrivedAt) / HOUR);
  return `${inSentence(name)} gets your card again, ${hours} hours after the last time${tries}.`;
}

/** Tells every share call as soon as Linq has answered it; ends only with the process. */
export async function narrateCalls({ simulator, chatIds, clock }: Stage, narrator: Narrator): Promise<void> {
  const names = new Map(NAMES.map((name) => [chatIds[name], name]));
  for (let index = 0; ; index++) {
    await simulator.when(() => simulator.calls[index]?.status != null);
    const call = simulator.calls[index];
    const name = names.get(call?.chatId ?? '');
    if (call === undefined || name === undefined) continue;
    const ofChat = simulator.callsOf(call.chatId);
    const told = tellCall({ name, call, earlier: ofChat.slice(0, ofChat.indexOf(call)) });
    if (told !== null) narrator.tell(clock.now(), told.mark, told.text);
  }
}
