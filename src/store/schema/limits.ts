/** The last instant that a `Date` can hold: anything later couldn't be displayed. */
export const MAX_INSTANT = 8_640_000_000_000_000;

/** The most characters that external text may have. */
export const LONGEST = { chatId: 255, word: 64 } as const;
