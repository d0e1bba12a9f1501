import { type EpochMs, HOUR } from '../decide/time.ts';
import { isShare, type ShareCall } from '../simulator/shares.ts';
import type { Calendar } from './calendar.ts';
import { inSentence, NAMES, type Name, type Stage } from './stage.ts';

/**
 * `said`: the story; `shared`: a card reached its chat; `why`: the service's explanation; `trouble`: Linq
 * refuses.
 */
type Mark = 'said' | 'shared' | 'why' | 'trouble';

export interface Narrator {
  /** One event, with its day and hour. */
  narrate(at: EpochMs, mark: Mark, text: string): void;
  /** Text printed as is: commands to copy, tables. */
  print(text: string): void;
  /** A paragraph, wrapped to the width. */
  paragraph(text: string): void;
  /** `✓` or `✗` and a sentence. */
  verdict(isFine: boolean, text: string): void;
}

export interface NarratorOptions {
  readonly write: (text: string) => void;
  readonly columns: number;
  readonly isColoured: boolean;
  readonly calendar: Calendar;
}

/** Lines longer than this are hard to read, however wide the terminal. */
const MAX_WIDTH = 100;
const LABEL_WIDTH = 12;

const STYLES: Readonly<Record<Mark, { readonly sign: string; readonly code: number | null }>> = {
  said: { sign: '', code: null },
  shared: { sign: '✓ ', code: 32 },
  why: { sign: '· ', code: 2 },
  trouble: { sign: '! ', code: 33 },
};
const DIM = 2;
const RED = 31;

export function createNarrator({ write, columns, isColoured, calendar }: NarratorOptions): Narrator {
  // some terminals report 0
  const width = Math.max(40, Math.min(columns || 80, MAX_WIDTH));
  const paint = (text: string, code: number | null) =>
    isColoured && code !== null ? `\u001b[${code}m${text}\u001b[0m` : text;
  let shownLabel = '';

  /** Text with a heading on its left, wrapped to the width. */
  const hang = (heading: string, indent: number, text: string, code: number | null) => {
    for (const [index, line] of wrap(text, width - indent).entries()) {
      write(`${index === 0 ? heading : ' '.repeat(indent)}${paint(line, code)}\n`);
    }
  };
  return {
    narrate(at, mark, text) {
      const label = calendar.label(at);
      const { sign, code } = STYLES[mark];
      // events of the same minute share one label
      const heading = paint(`${(label === shownLabel ? '' : label).padEnd(LABEL_WIDTH)} `, DIM);
      shownLabel = label;
      hang(`${heading}${paint(sign, code)}`, LABEL_WIDTH + 1 + sign.length, text, code);
    },
    print: (text) => write(`${text}\n`),
    paragraph: (text) => hang('', 0, text, null),
    verdict(isFine, text) {
      const code = isFine ? STYLES.shared.code : RED;
      hang(paint(isFine ? '✓ ' : '✗ ', code), 2, text, isFine ? null : RED);
    },
  };
}

/** Wraps at spaces; a word longer than the width stays whole, so that URLs can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A share call to report: its result, and the calls before it. */
export interface NarratedCall {
  readonly name: Name;
  readonly call: Pick<ShareCall, 'arrivedAt' | 'status' | 'effect'>;
  /** Earlier calls of the same chat, oldest first. */
  readonly earlier: readonly Pick<ShareCall, 'arrivedAt' | 'status'>[];
}

/** A sentence for an answered call; null: it would only repeat the previous one. */
export function narrateCall(narrated: NarratedCall): { readonly mark: Mark; readonly text: string } | null {
  const { name, call, earlier } = narrated;
  if (isShare(call)) {
    if (call.effect === 'prompt') return { mark: 'shared', text: narrateShare(narrated) };
    return { mark: 'trouble', text: `${inSentence(name)}: a call to no effect (${call.effect}).` };
  }
  if (earlier.at(-1)?.status === call.status) return null;
  if (call.status === 429)
    return { mark: 'trouble', text: 'Linq answers 429 and asks for a pause (Retry-After): all calls wait.' };
  const next = (call.status ?? 0) >= 500 ? 'the service retries at growing intervals' : 'it refuses';
  return { mark: 'trouble', text: `Linq answers ${call.status}: ${next}.` };
}

function narrateShare({ name, call, earlier }: NarratedCall): string {
  const lastShare = earlier.findLast(isShare);
  const failures = lastShare === undefined ? earlier : earlier.slice(earlier.indexOf(lastShare) + 1);
  const tries = failures.length > 1 ? `, at attempt ${failures.length + 1}` : '';
  if (lastShare === undefined) return `${inSentence(name)} gets your card${tries}.`;
  const hours = Math.floor((call.arrivedAt - lastShare.arrivedAt) / HOUR);
  return `${inSentence(name)} gets your card again, ${hours} hours after the last time${tries}.`;
}

/** Reports every share call as soon as Linq has answered it; ends only with the process. */
export async function narrateCalls({ simulator, chatIds, clock }: Stage, narrator: Narrator): Promise<void> {
  const names = new Map(NAMES.map((name) => [chatIds[name], name]));
  for (let index = 0; ; index++) {
    await simulator.when(() => simulator.calls[index]?.status != null);
    const call = simulator.calls[index];
    const name = names.get(call?.chatId ?? '');
    if (call === undefined || name === undefined) continue;
    const ofChat = simulator.callsOf(call.chatId);
    const line = narrateCall({ name, call, earlier: ofChat.slice(0, ofChat.indexOf(call)) });
    if (line !== null) narrator.narrate(clock.now(), line.mark, line.text);
  }
}
