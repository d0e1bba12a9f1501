import type { Command } from 'commander';
import type { Register, VerbContext } from '../program.ts';
import { serviceVerb } from '../verb.ts';

/** `chat list`, `show`, `share`, `hold` and `release`. */
export const registerChat: Register = (program, context) => {
  const chat = program.command('chat').description('look at chats, and steer them one by one');
  registerList(chat, context);
  const verbs = [
    ['show', "show a chat's facts, its state and its attempts"],
    ['share', 'share the card in a chat now, whatever policy and window say'],
    ['hold', 'share nothing in a chat until it is released'],
    ['release', 'end what an operator, a crash loop or the block list holds a chat by'],
  ] as const;
  for (const [verb, description] of verbs) {
    const command = chat.command(verb).description(description).argument('<chat-id>');
    serviceVerb(command, context, async ([chatId = '']) => {
      const calls = await import('./chat-calls.ts');
      return calls[`${verb}Chat`](chatId);
    });
  }
};

function registerList(chat: Command, context: VerbContext): void {
  const list = chat
    .command('list')
    .description('list chats, a page at a time')
    .option('--state <state>', 'only in this state: due, waiting, held, …')
    .option('--reason <reason>', 'only for this reason: window, card_missing, …')
    .option('--line <line>', 'only of this line, in full or as it is shown')
    .option('--limit <number>', 'chats on a page, 1 to 200 (default: 50)')
    .option('--cursor <cursor>', 'go on after a page');
  serviceVerb<Record<string, string | undefined>>(list, context, async (_args, options) => {
    const { listChats } = await import('./chat-calls.ts');
    const { state, reason, line, limit, cursor } = options;
    return listChats({ state, reason, line, limit, cursor });
  });
}
