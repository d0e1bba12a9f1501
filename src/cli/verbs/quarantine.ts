import type { Command } from 'commander';
import { createSystemClock } from '../../clock.ts';
import type {
  Answered,
  AnswerOf,
  AskedFor,
  ServiceCall,
  ServiceOptions,
  Surroundings,
} from '../call-service.ts';
import { EXIT, type ExitCode } from '../io.ts';
import { progressBar, withProgress } from '../terminal/progress.ts';
import { printJson } from '../terminal/screen.ts';
import { renderTable, wrap } from '../terminal/table.ts';
import { orAbsent, timeOrAbsent } from '../terminal/values.ts';
import { type Register, serviceVerb, type VerbContext, withServiceOptions } from '../verb.ts';

/** `quarantine list` and `quarantine replay`. */
export const registerQuarantine: Register = (program, context) => {
  const quarantine = program
    .command('quarantine')
    .description('list authentic webhooks that couldn’t be read or stored, and retry them');
  const list = quarantine
    .command('list')
    .description('list the quarantined webhooks with their causes, newest first');
  serviceVerb(list, context, listQuarantine);
  registerReplay(quarantine, context);
};

function registerReplay(quarantine: Command, { io, readSources, run }: VerbContext): void {
  const replay = quarantine
    .command('replay')
    .description('process the quarantined webhooks that this version can read; the rest stay')
    .argument('[event-id]', 'only this one (default: all)');
  withServiceOptions(replay, 'print {replayed, failed}').action(
    run(async (eventId: string | undefined, options: ServiceOptions) =>
      replayQuarantine(eventId ?? null, options, { io, sources: await readSources() }),
    ),
  );
}

const LIST: AskedFor<'QuarantineSchema'> = {
  method: 'GET',
  path: '/status/quarantine',
  answer: 'QuarantineSchema',
};

function listQuarantine(): ServiceCall<'QuarantineSchema'> {
  return {
    ...LIST,
    show: ({ rows }, { width }) => {
      if (rows.length === 0) return { text: 'The quarantine is empty.\n' };
      const replayable = rows.filter((row) => row.replayable).length;
      const table = renderTable(
        ['EVENT', 'TYPE', 'RECEIVED', 'REPLAYABLE', 'CAUSE'],
        rows.map(({ eventId, type, receivedAt, cause, replayable: isReplayable }) => [
          eventId,
          orAbsent(type),
          timeOrAbsent(receivedAt),
          isReplayable ? 'yes' : 'no',
          cause,
        ]),
        width,
      );
      const advice =
        replayable === 0
          ? 'This version can read none of them. Upgrade: they can be replayed for 7 days after they arrived.'
          : `This version can read ${replayable} of ${rows.length}: run \`quarantine replay\`.`;
      return { text: `${table}\n${wrap(advice, width)}\n` };
    },
  };
}

/**
 * Replays one event, or all that can be, one after another.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
async function replayQuarantine(
  eventId: string | null,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { io } = surroundings;
  const { askService } = await import('../call-service.ts');
  const wanted =
    eventId === null
      ? findReplayable(await askService(LIST, options, surroundings))
      : { ids: [eventId], others: 0 };
  if ('exitCode' in wanted) return wanted.exitCode;
  const { ids, others } = wanted;
  const total = { replayed: 0, failed: others };
  let asked = 0;

  async function replayAll(): Promise<ExitCode | null> {
    for (const id of ids) {
      const path = `/status/quarantine/replay?eventId=${encodeURIComponent(id)}`;
      const answered = await askService(
        { method: 'POST', path, answer: 'ReplaySchema' },
        options,
        surroundings,
      );
      if ('exitCode' in answered) return answered.exitCode;
      total.replayed += answered.body.replayed;
      total.failed += answered.body.failed;
      asked++;
    }
    return null;
  }

  const clock = createSystemClock();
  const stopped = await withProgress(
    {
      io,
      clock,
      look: () => `${progressBar(asked / Math.max(ids.length, 1))} ${asked} of ${ids.length} replayed`,
    },
    replayAll(),
  );
  if (stopped !== null) return stopped;
  if (options.json === true) printJson(total, io);
  else io.write(`${resultInWords(total)}\n`);
  return total.failed === 0 ? EXIT.fine : EXIT.failed;
}

/** The events that this version can read, without duplicates, and the number of rows it can't. */
function findReplayable(
  listed: Answered<AnswerOf<'QuarantineSchema'>>,
): { ids: readonly string[]; others: number } | { exitCode: ExitCode } {
  if ('exitCode' in listed) return listed;
  const { rows } = listed.body;
  const readable = rows.filter(({ replayable }) => replayable).map(({ eventId }) => eventId);
  return { ids: [...new Set(readable)], others: rows.length - readable.length };
}

function resultInWords({ replayed, failed }: AnswerOf<'ReplaySchema'>): string {
  if (replayed + failed === 0) return 'The quarantine is empty.';
  const rest = failed === 0 ? '' : ` ${failed} still can’t be read: \`quarantine list\` shows why.`;
  return `${replayed} replayed.${rest}`;
}
