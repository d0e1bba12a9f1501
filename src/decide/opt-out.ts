/**
 * The words that Linq and the carriers take for an opt-out: in any letter case, and their two halves with a space, a hyphen or
 * anything else between them that is neither letter nor digit.
 */
const WORDS = ['stop', 'stop all', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'opt out'];

const BESIDE = '[^\\p{L}\\p{N}]*';
const OPT_OUT = new RegExp(`^${BESIDE}(?:${WORDS.join('|').replaceAll(' ', BESIDE)})${BESIDE}$`, 'iu');

/**
 * Whether the whole text is an opt-out word. What surrounds it and is neither letter nor digit doesn't count: white space,
 * punctuation, quotes, emoji. "Please stop" isn't one, as Linq has it. This errs on the side of leaving people alone: not sharing
 * costs little, and the next message opts in again.
 */
export function isOptOutWord(text: string): boolean {
  return OPT_OUT.test(text);
}
