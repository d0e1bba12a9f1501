import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../decide/time.ts';

/** The demo's own days, so that no one has to read dates that run ahead of the real ones. */
export interface Calendar {
  /** `day 1 09:00`. */
  label(at: EpochMs): string;
  /** `on day 1 at 09:00`. */
  inWords(at: EpochMs): string;
  /** @param day starts at 1 @param hour decimals are minutes: 9.5 is half past nine */
  instant(day: number, hour: number): EpochMs;
  /** Rewrites the dates in one of the service's sentences as days of the demo. */
  restate(sentence: string): string;
}

/** The hour of day 1 at which the demo starts. */
const FIRST_HOUR = 8;

const DATE = /(at )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g;

export function createCalendar(startAt: EpochMs): Calendar {
  // Sentences use whole seconds: a midnight between two seconds would put some a minute early.
  const midnight = Math.floor(startAt / SECOND) * SECOND - FIRST_HOUR * HOUR;
  const parts = (at: EpochMs) => {
    const sinceMidnight = at - midnight;
    const minutes = Math.floor((sinceMidnight - Math.floor(sinceMidnight / DAY) * DAY) / MINUTE);
    const two = (value: number) => String(value).padStart(2, '0');
    return {
      day: Math.floor(sinceMidnight / DAY) + 1,
      time: `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
    };
  };
  const inWords = (at: EpochMs): string => {
    const { day, time } = parts(at);
    return `on day ${day} at ${time}`;
  };
  return {
    label(at) {
      const { day, time } = parts(at);
      return `day ${day} ${time}`;
    },
    inWords,
    instant: (day, hour) => midnight + (day - 1) * DAY + Math.round(hour * 60) * MINUTE,
    restate: (sentence) =>
      sentence.replace(DATE, (_match, preposition: string | undefined, date: string, time: string) => {
        const words = inWords(Date.parse(`${date}T${time}Z`));
        return preposition === undefined ? words.slice('on '.length) : words;
      }),
  };
}
