import { describe, expect, it, onTestFinished } from 'vitest';
import { maskNumber } from '../../../../src/decide/text.ts';
import { HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { createAlert, createAlertSender } from '../../../../src/status/alerts/alert-sender.ts';
import type { Posted } from '../../../../src/status/alerts/poster.ts';
import {
  type BookedProblem,
  createProblemBook,
  type ProblemBook,
} from '../../../../src/status/problems/problem-book.ts';
import {
  type OpenProblem,
  PROBLEM_WORDS,
  type ProblemCode,
} from '../../../../src/status/problems/problem-words.ts';
import { LINE, T } from '../../../helpers/builders.ts';
import { createFakeClock } from '../../../helpers/clock.ts';

const LOW: OpenProblem = { code: 'disk_low', since: null };
const TAKEN: Posted = { kind: 'taken', cause: 'HTTP 200' };
const REFUSED: Posted = { kind: 'refused', cause: 'HTTP 500' };

async function startTeller(answer: () => Posted | Promise<Posted> = () => TAKEN) {
  const clock = createFakeClock(T);
  let book: ProblemBook | null = createProblemBook([], true);
  const posted: { event: string; code: string; at: number }[] = [];
  const warned: object[] = [];
  let writes = 0;
  const sender = createAlertSender({
    watch: {
      book: () => book,
      write: async () => {
        writes++;
      },
    },
    poster: {
      post: async (body) => {
        const { event, code } = body as { event: string; code: string };
        posted.push({ event, code, at: clock.now() - T });
        return answer();
      },
      close: async () => {},
    },
    clock,
    log: { warn: (fields) => void warned.push(fields) },
    version: '1.2.3',
    showLine: maskNumber,
  });
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  sender.start();
  await turns();
  onTestFinished(() => sender.stop());
  return {
    posted,
    warned,
    sender,
    writes: () => writes,
    async find(...open: OpenProblem[]) {
      book?.update({ open, undetermined: new Set() }, clock.now());
      sender.nudge();
      await turns();
    },
    /** It leads from now on, or another replica does. */
    lead(leads: boolean) {
      book = leads ? createProblemBook([], true) : null;
    },
    /** Lets time pass, waking whoever wants to wake. */
    async pass(ms: number) {
      const end = clock.now() + ms;
      for (;;) {
        const wakeAt = clock.nextWakeAt();
        if (wakeAt === null || wakeAt > end) break;
        clock.advance(wakeAt - clock.now());
        await turns();
      }
      clock.advance(end - clock.now());
      await turns();
    },
  };
}

describe('the alert sender', () => {
  it('is told at once, each change once, and what was told is written down', async () => {
    const { find, pass, posted, writes } = await startTeller();
    await find(LOW);
    await pass(MINUTE);
    await find();
    await pass(MINUTE);
    expect(posted).toEqual([
      { event: 'opened', code: 'disk_low', at: 0 },
      { event: 'closed', code: 'disk_low', at: MINUTE },
    ]);
    expect(writes()).toBe(2);
  });

  it('is told again after 1 s, doubling to 5 min, until it takes it', async () => {
    let answer = REFUSED;
    const { find, pass, posted } = await startTeller(() => answer);
    await find(LOW);
    await pass(30 * MINUTE);
    const seconds = posted.map(({ at }) => at / SECOND);
    const waits = seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
    answer = TAKEN;
    await pass(5 * MINUTE);
    const { length } = posted;
    await pass(30 * MINUTE);
    expect(posted).toHaveLength(length);
  });

  it('is told nothing any more of a problem that closed before', async () => {
    const { find, pass, posted } = await startTeller(() => REFUSED);
    await find(LOW);
    await find();
    await pass(10 * MINUTE);
    expect(posted).toHaveLength(1);
  });

  it('fails with one line in the log a minute', async () => {
    const { find, pass, warned } = await startTeller(() => REFUSED);
    await find(LOW);
    await pass(5 * MINUTE);
    expect(warned).toEqual([
      { cause: 'HTTP 500', failures: 1 },
      { cause: 'HTTP 500', failures: 7 },
      { cause: 'HTTP 500', failures: 8 },
      { cause: 'HTTP 500', failures: 9 },
    ]);
  });

  it('is known to fail after three failures in a row, until it takes one', async () => {
    let answer = REFUSED;
    const { find, pass, sender } = await startTeller(() => answer);
    expect(sender.state()).toBe('unknown');
    await find(LOW);
    await pass(2 * SECOND);
    expect(sender.state()).toBe('unknown');
    await pass(SECOND);
    expect(sender.state()).toEqual({ failingSince: T, cause: 'HTTP 500' });
    await find(); // nothing is left to tell
    await pass(HOUR);
    expect(sender.state()).toMatchObject({ failingSince: T });
    answer = TAKEN;
    await find(LOW);
    expect(sender.state()).toBe('fine');
  });

  it('is not known to fail any more when there was nothing to tell for 15 minutes after a start', async () => {
    const { pass, sender } = await startTeller();
    await pass(15 * MINUTE - 1);
    expect(sender.state()).toBe('unknown');
    await pass(1);
    expect(sender.state()).toBe('fine');
  });

  it('is not known to work by whoever leads from now on before it has taken one, or 15 minutes later', async () => {
    const { find, pass, sender, lead } = await startTeller();
    await find(LOW);
    expect(sender.state()).toBe('fine');
    lead(false);
    await find();
    expect(sender.state()).toBe('unknown'); // the leader knows
    await pass(HOUR);
    expect(sender.state()).toBe('unknown');
    lead(true);
    expect(sender.state()).toBe('unknown');
    await find();
    await pass(15 * MINUTE - 1);
    expect(sender.state()).toBe('unknown');
    await pass(1);
    expect(sender.state()).toBe('fine');
    lead(true); // another one led in between
    expect(sender.state()).toBe('unknown');
    await find(LOW);
    expect(sender.state()).toBe('fine');
  });

  it('is told within a minute by a leader who still waits since a failure of its term before', async () => {
    const { find, pass, posted, sender, lead } = await startTeller(() => REFUSED);
    await find(LOW);
    await pass(10 * MINUTE); // by now it waits for 5 minutes
    const { length } = posted;
    lead(true);
    await find(LOW);
    expect(sender.state()).toBe('unknown');
    await pass(MINUTE);
    expect(posted.length).toBeGreaterThan(length);
    expect(sender.state()).toMatchObject({ cause: 'HTTP 500' });
    expect(sender.failures()).toBeLessThan(8);
  });

  it('wakes nobody while there is nothing to tell', async () => {
    const { find, pass, posted } = await startTeller();
    await pass(MINUTE);
    await find(LOW);
    expect(posted).toHaveLength(1);
  });

  it('does not hold up the end of the service', async () => {
    const { find, sender } = await startTeller(() => REFUSED);
    await find(LOW);
    await sender.stop();
  });
});

const bookedOf = (found: OpenProblem, closedAt: number | null = null): BookedProblem => ({
  code: found.code,
  scope: found.line ?? '',
  since: T,
  alertedAt: null,
  closedAt,
  found,
  mayHaveAlerted: false,
  alertedAs: null,
});
const SHOWN = { version: '1.2.3', showLine: maskNumber };
const missing = bookedOf({ code: 'card_missing', since: null, line: LINE });

describe('an alert', () => {
  it('of an opening says what is wrong, since when, and what to do, in words and in fields', () => {
    const alert = createAlert({ event: 'opened', problem: missing }, T + MINUTE, SHOWN);
    expect(alert).toEqual({
      event: 'opened',
      code: 'card_missing',
      severity: 'warning',
      since: '2026-11-03T16:00:00.000Z',
      at: '2026-11-03T16:01:00.000Z',
      line: '+1•••••0100',
      message: '+1•••••0100 has no contact card, so its chats can’t get one.',
      remedy: expect.stringContaining('Set up a card'),
      version: '1.2.3',
      text: `contact-card-reactor: warning card_missing. ${alert.message} ${alert.remedy}`,
      content: alert.text, // Discord wants it under this name
    });
  });

  it('of a closing says that it is over and how long it lasted', () => {
    const closed = { ...missing, closedAt: T + HOUR + 2 * MINUTE };
    expect(createAlert({ event: 'closed', problem: closed }, T + 2 * HOUR, SHOWN)).toMatchObject({
      event: 'closed',
      code: 'card_missing',
      line: '+1•••••0100',
      at: '2026-11-03T18:00:00.000Z',
      message: 'The problem card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
      remedy: null,
      text: 'contact-card-reactor: card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
      content: 'contact-card-reactor: card_missing of +1•••••0100 is over; it lasted 1 h 2 min.',
    });
  });

  it.each(Object.keys(PROBLEM_WORDS) as ProblemCode[])(
    'of %s is taken by Discord as it is, and calls nobody by name',
    (code) => {
      const problem = bookedOf({ code, since: null, detail: 'full' });
      const { text, content } = createAlert({ event: 'opened', problem }, T, SHOWN);
      expect(content).toBe(text);
      expect(text).not.toMatch(/[@<]/);
    },
  );

  it('is cut for Discord where it is longer than that takes', () => {
    const problem = bookedOf({ code: 'store_failing', since: null, detail: 'x'.repeat(3_000) });
    const { text, content } = createAlert({ event: 'opened', problem }, T, SHOWN);
    expect(text.length).toBeGreaterThan(3_000);
    expect(content).toMatch(/^contact-card-reactor: error store_failing.*x…$/);
    expect(content).toHaveLength(2_000);
  });

  it('tells a severity that grew', () => {
    const problem = bookedOf({ code: 'api_unavailable', since: T, errorSince: T + 1 });
    const alert = createAlert({ event: 'opened', problem }, T + 2, SHOWN);
    expect(alert).toMatchObject({
      severity: 'error',
      text: expect.stringContaining('error api_unavailable'),
    });
  });

  it('names a line as it is shown', () => {
    const full = createAlert({ event: 'opened', problem: missing }, T, {
      ...SHOWN,
      showLine: (line) => line,
    });
    expect(full).toMatchObject({ line: LINE, text: expect.stringContaining(LINE) });
  });
});
