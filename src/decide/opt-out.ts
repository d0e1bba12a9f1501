/**
 * Linq's opt-out words: STOP, UNSUBSCRIBE, CANCEL, END, QUIT, and OPT OUT with a space, a hyphen or neither. Linq asks
 * for upper case except for the last; any case is taken here, which errs on the side of leaving people alone.
 */
const OPT_OUT_WORD = /^(?:stop|unsubscribe|cancel|end|quit|opt[ -]?out)$/i;

/** Whether the whole text, spaces around it aside, is an opt-out word; "please stop" isn't. */
export function isOptOutWord(text: string): boolean {
  return OPT_OUT_WORD.test(text.trim());
}
