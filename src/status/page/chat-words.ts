import type { ChatReason } from '../../decide/chat.ts';
import type { ShownReason } from '../view/explanation.ts';
import { HOLD_WORDS } from './words.ts';

const CHAT_REASON_WORDS: Readonly<Record<ChatReason, string>> = {
  chat_gone: 'Linq doesn’t know it',
  chat_left: 'Your line left it',
  unsupported: 'Can’t take a card',
  operator: 'Held by an operator',
  parked: 'Set aside after crashes',
  recipient_blocked: 'Recipient is blocked',
  no_outbound: 'Nothing sent yet',
  line_excluded: 'Not in LINQ_LINES',
  group_excluded: 'Groups are excluded',
  not_imessage: 'Not iMessage',
  opted_out: 'Opted out',
  chat_health: 'Poor health',
  awaiting_inbound: 'Awaits a reply',
  shared_once: 'Shared once',
  share_limit: 'Share limit reached',
  window: 'Shared, window open',
  restored: 'Waits after a restore',
  no_recent_outbound: 'Nothing sent lately',
  line_unknown: 'Line not known',
  backoff: 'Backs off after a failure',
  rejected: 'Linq refused',
  became_eligible: 'First share',
  window_lapsed: 'Window lapsed',
  manual: 'Shared by hand',
};

/** A reason in two or three words. */
export function reasonWords(reason: ShownReason): string {
  return isOfChat(reason) ? CHAT_REASON_WORDS[reason] : (HOLD_WORDS.get(reason) ?? reason);
}

const isOfChat = (reason: ShownReason): reason is ChatReason => reason in CHAT_REASON_WORDS;

/** What Linq's documentation says of the codes that a share call, or the look at a chat before it, may be refused with. */
const LINQ_CODES: ReadonlyMap<number, string> = new Map([
  [1001, 'a required field is missing'],
  [1003, 'the request isn’t readable'],
  [1005, 'a parameter has a wrong value'],
  [1007, 'rate limited'],
  [2001, 'chat not found'],
  [2004, 'the API key is missing or wrong'],
  [2005, 'the chat isn’t this account’s'],
  [2006, 'the line isn’t this account’s'],
  [2008, 'the recipient must write first'],
  [2009, 'the chat is still being created'],
  [2011, 'not enabled for the account'],
  [2012, 'the line has no contact card'],
  [2013, 'the line has left the chat'],
  [2015, 'conflicts with the chat’s present state'],
  [2016, 'not supported in groups'],
  [2017, 'not supported on the chat’s service'],
  [2024, 'the recipient opted out'],
  [2026, 'the recipient is on the block list'],
  [2027, 'the line can’t send for a while'],
  [3001, 'connection failed within Linq'],
  [3002, 'connection failed within Linq'],
  [3003, 'an operation failed within Linq'],
  [3004, 'an operation failed within Linq'],
  [3005, 'network timeout within Linq'],
  [3006, 'internal error of Linq'],
  [4002, 'the line isn’t available'],
  [4004, 'service unavailable'],
]);

/** `code 2024: the recipient opted out` */
export function codeInWords(code: number): string {
  const meaning = LINQ_CODES.get(code);
  return meaning === undefined ? `code ${code}` : `code ${code}: ${meaning}`;
}
