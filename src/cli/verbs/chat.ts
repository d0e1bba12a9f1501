import type { Command } from 'commander';
import type { AttemptView, ChatView } from '../../status/view/schemas.ts';
import { codeInWords } from '../../status/view/wording.ts';
import type { AnswerName, ServiceCall, ServiceOptions, Shown, Surroundings } from '../call-service.ts';
import { EXIT, type ExitCode } from '../io.ts';
import { printJson, type Screen } from '../terminal/screen.ts';
import { renderFields, renderTable, wrap } from '../terminal/table.ts';
import { ABSENT, orAbsent, timeOrAbsent } from '../terminal/values.ts';
import { type Register, serviceVerb, type VerbContext } from '../verb.ts';

/** `chat list`, `show`, `share`, `hold` and `release`. */
export const registerChat: Register = (program, context) => {
  const chat = program.command('chat').description('list chats; share, hold or release one');
  registerList(chat, context);
  const one = <N extends AnswerName>(
    verb: string,
    description: string,
    callFor: (chatId: string) => ServiceCall<N>,
  ) =>
    serviceVerb(
      chat.command(verb).description(description).argument('<chat-id>', 'its id, or how only this id begins'),
      context,
      async ([given = ''], options: ServiceOptions, surroundings) => {
        const chatId = await findChat(given, options, surroundings);
        return typeof chatId === 'number' ? chatId : callFor(chatId);
      },
    );
  one('show', 'show a chat’s facts, state and attempts', showChat);
  one('share', 'share the card in a chat now, regardless of policy and window', shareChat);
  one('hold', 'share nothing in a chat until it is released', holdChat);
  one('release', 'end a chat’s hold, if an operator, a crash loop or the block list caused it', releaseChat);
};

/** More than these would only fill the screen. */
const LISTED = 10;

/**
 * The id that is given, or the only one that begins so; if none does, what is given, of which the service then says so.
 * Several: prints them, and resolves to the exit code.
 */
async function findChat(
  given: string,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<string | ExitCode> {
  if (given === '') return given;
  const { askService } = await import('../call-service.ts');
  const query = new URLSearchParams({ prefix: given, limit: String(LISTED) });
  const asked = await askService(
    { method: 'GET', path: `/status/chats?${query}`, answer: 'ChatPageSchema' },
    options,
    surroundings,
  );
  if ('exitCode' in asked) return asked.exitCode;
  const { chats, nextCursor } = asked.body;
  const [first] = chats;
  if (first === undefined || first.chatId === given) return given;
  if (chats.length === 1) return first.chatId;
  const { io } = surroundings;
  if (options.json === true) printJson(asked.raw, io);
  const ids = chats.map(({ chatId }) => `  ${chatId}\n`).join('');
  const more = nextCursor === null ? '' : `  … \`chat list --prefix ${given}\` lists all.\n`;
  io.writeError(`Several chats begin so; type more of the id:\n${ids}${more}`);
  return EXIT.failed;
}

function registerList(chat: Command, context: VerbContext): void {
  const list = chat
    .command('list')
    .description('list chats, a page at a time')
    .option('--state <state>', 'only in this state: due, waiting, held, …')
    .option('--reason <reason>', 'only for this reason: window, card_missing, …')
    .option('--line <line>', 'only on this line, in full or as shown')
    .option('--prefix <prefix>', 'only those whose id begins so')
    .option('--sort <fact>', 'first_seen, last_message, last_share or next_attempt (default: first_seen)')
    .option('--order <order>', 'asc or desc (default: desc for last_message and last_share)')
    .option('--limit <number>', 'chats per page, 1 to 200 (default: 50)')
    .option('--cursor <cursor>', 'continue where the previous page ended');
  serviceVerb(list, context, (_args, options: Readonly<Record<string, string | undefined>>) => {
    const { state, reason, line, prefix, sort, order, limit, cursor } = options;
    return listChats({ state, reason, line, prefix, sort, order, limit, cursor });
  });
}

const pathOf = (chatId: string, rest = '') => `/status/chats/${encodeURIComponent(chatId)}${rest}`;

function listChats(filter: Readonly<Record<string, string | undefined>>): ServiceCall<'ChatPageSchema'> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, value);
  return {
    method: 'GET',
    path: `/status/chats?${query}`,
    answer: 'ChatPageSchema',
    show: ({ chats, nextCursor }, { width }) => {
      const more = nextCursor === null ? '' : `\nMore chats: add --cursor ${nextCursor}\n`;
      const table = renderTable(
        ['CHAT', 'LINE', 'STATE', 'REASON', 'SHARES', 'NEXT ATTEMPT'],
        chats.map((chat) => [
          chat.chatId,
          orAbsent(chat.line),
          chat.state,
          chat.reason,
          String(chat.shareCount),
          timeOrAbsent(chat.nextAttemptAt),
        ]),
        width,
      );
      return { text: chats.length === 0 ? `No chats found.\n${more}` : `${table}${more}` };
    },
  };
}

function showChat(chatId: string): ServiceCall<'ChatWithAttemptsSchema'> {
  return {
    method: 'GET',
    path: pathOf(chatId),
    answer: 'ChatWithAttemptsSchema',
    show: ({ attempts, ...chat }, screen) => {
      const fields = renderFields(fieldsOf(chat), screen.width);
      return { text: `${fields}\n${renderAttempts(attempts, screen)}` };
    },
  };
}

function fieldsOf(chat: ChatView): [string, string][] {
  return [
    ['chat', chat.chatId],
    ['state', `${chat.state} (${chat.reason})`],
    ['', chat.explanation],
    ['next attempt', timeOrAbsent(chat.nextAttemptAt)],
    ['line', orAbsent(chat.line)],
    ['service', orAbsent(chat.service)],
    ['group', chat.isGroup === null ? ABSENT : chat.isGroup ? 'yes' : 'no'],
    ['first outbound', timeOrAbsent(chat.firstOutboundAt)],
    ['last outbound', timeOrAbsent(chat.lastOutboundAt)],
    ['last inbound', timeOrAbsent(chat.lastInboundAt)],
    ['opted out', timeOrAbsent(chat.optedOutAt)],
    ['health', orAbsent(chat.health)],
    ['last shared', timeOrAbsent(chat.lastSharedAt)],
    ['shares', String(chat.shareCount)],
  ];
}

function renderAttempts(attempts: readonly AttemptView[], { width }: Screen): string {
  if (attempts.length === 0) return 'No attempts yet.\n';
  const rows = attempts.map((attempt) => [
    timeOrAbsent(attempt.startedAt),
    attempt.trigger,
    attempt.outcome ?? 'in progress',
    orAbsent(attempt.httpStatus),
    attempt.linqCode === null ? ABSENT : codeInWords(attempt.linqCode).replace('code ', ''),
    orAbsent(attempt.traceId),
  ]);
  return renderTable(['STARTED', 'TRIGGER', 'OUTCOME', 'HTTP', 'LINQ CODE', 'TRACE ID'], rows, width);
}

function shareChat(chatId: string): ServiceCall<'ShareSchema'> {
  return {
    method: 'POST',
    path: pathOf(chatId, '/share'),
    answer: 'ShareSchema',
    show: ({ attempt, chat }, screen) => {
      const { text } = showState(chat, screen);
      if (attempt === null) return { text: `The share is queued; \`chat show\` shows its outcome.\n${text}` };
      if (attempt.outcome === null)
        return { text: `The share is still in progress; \`chat show\` shows its outcome.\n${text}` };
      const isFine = attempt.outcome === 'shared' || attempt.outcome === 'dry_run';
      const code = attempt.linqCode === null ? '' : `, ${codeInWords(attempt.linqCode)}`;
      const status = attempt.httpStatus === null ? '' : ` (HTTP ${attempt.httpStatus}${code})`;
      return {
        text: `${OUTCOMES[attempt.outcome]}${status}.\n${text}`,
        exitCode: isFine ? EXIT.fine : EXIT.failed,
      };
    },
  };
}

const OUTCOMES: Readonly<Record<NonNullable<AttemptView['outcome']>, string>> = {
  shared: 'The card was shared',
  dry_run: 'Nothing was sent: DRY_RUN is true',
  retry: 'The card wasn’t shared',
  rejected: 'Linq refused to share the card',
  unknown: 'Linq didn’t answer, so it isn’t known whether the card was shared',
  interrupted: 'The attempt was interrupted',
};

function holdChat(chatId: string): ServiceCall<'ChatSchema'> {
  return { method: 'PUT', path: pathOf(chatId, '/hold'), answer: 'ChatSchema', show: showState };
}

function releaseChat(chatId: string): ServiceCall<'ChatSchema'> {
  return { method: 'DELETE', path: pathOf(chatId, '/hold'), answer: 'ChatSchema', show: showState };
}

function showState({ chatId, state, reason, explanation }: ChatView, { width }: Screen): Shown {
  return { text: `${wrap(`Chat ${chatId} is ${state} (${reason}). ${explanation}`, width)}\n` };
}
