import type { Command } from 'commander';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { createSystemClock } from '../../clock.ts';
import { QuarantineSchema, ReplaySchema } from '../../status/view/schemas.ts';
import {
  askService,
  printJson,
  type ServiceCall,
  type ServiceOptions,
  type Surroundings,
  showing,
  tellForeign,
} from '../call-service.ts';
import { EXIT, type ExitCode, readSources } from '../io.ts';
import { withProgress } from '../terminal/progress.ts';
import { renderTable, wrap } from '../terminal/table.ts';
import { orAbsent, timeOrAbsent } from '../terminal/words.ts';
import { type Register, serviceVerb, type VerbContext } from '../verb.ts';

/** `quarantine list` and `quarantine replay`. */
export const registerQuarantine: Register = (program, context) => {
  const quarantine = program
    .command('quarantine')
    .description("look at authentic deliveries that couldn't be read or stored, and try again");
  const list = quarantine.command('list').description('list them, the newest first, with their causes');
  serviceVerb(list, context, async () => listQuarantine());
  registerReplay(quarantine, context);
};

function registerReplay(quarantine: Command, { io, globals, run }: VerbContext): void {
  quarantine
    .command('replay')
    .description('take in what this version can read; the rest stays')
    .argument('[event-id]', 'only this one (default: all)')
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', 'print {replayed, failed}')
    .action(
      run(async (eventId: string | undefined, options: ServiceOptions): Promise<ExitCode> => {
        const surroundings: Surroundings = { io, sources: readSources(io, globals().envFile) };
        return replayQuarantine(eventId ?? null, options, surroundings);
      }),
    );
}

type Result = Static<typeof ReplaySchema>;

const LIST = { method: 'GET', path: '/status/quarantine' } as const;

function listQuarantine(): ServiceCall {
  return {
    ...LIST,
    show: showing(QuarantineSchema, ({ rows }, { width }) => {
      if (rows.length === 0) return { text: 'Nothing is in quarantine.\n' };
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
          ? 'This version can read none of them: upgrade, and they can be replayed for 7 days after they came.'
          : `This version can read ${replayable} of ${rows.length}: quarantine replay takes them in.`;
      return { text: `${table}\n${wrap(advice, width)}\n` };
    }),
  };
}

/**
 * Replays one event, or one after the other all that can be.
 * @throws {UnreachableError} @throws {ConfigError} @throws {UsageError}
 */
async function replayQuarantine(
  eventId: string | null,
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { io } = surroundings;
  const wanted =
    eventId === null ? await findReplayable(options, surroundings) : { ids: [eventId], others: 0 };
  if ('exitCode' in wanted) return wanted.exitCode;
  const { ids, others } = wanted;
  const total = { replayed: 0, failed: others };
  let asked = 0;

  async function replayAll(): Promise<ExitCode | null> {
    for (const id of ids) {
      const path = `/status/quarantine/replay?eventId=${encodeURIComponent(id)}`;
      const answer = await askService({ method: 'POST', path }, options, surroundings);
      if ('exitCode' in answer) return answer.exitCode;
      if (!Check(ReplaySchema, answer.body)) return tellForeign(answer.url, io);
      total.replayed += answer.body.replayed;
      total.failed += answer.body.failed;
      asked++;
    }
    return null;
  }

  const clock = createSystemClock();
  const stopped = await withProgress({ io, clock, look: () => renderBar(asked, ids.length) }, replayAll());
  if (stopped !== null) return stopped;
  if (options.json === true) printJson(total, io);
  else io.write(`${resultInWords(total)}\n`);
  return total.failed === 0 ? EXIT.fine : EXIT.failed;
}

/** The events that this version can read, each once, and how many rows it can't. */
async function findReplayable(
  options: ServiceOptions,
  surroundings: Surroundings,
): Promise<{ ids: readonly string[]; others: number } | { exitCode: ExitCode }> {
  const listed = await askService(LIST, options, surroundings);
  if ('exitCode' in listed) return listed;
  const { body } = listed;
  if (!Check(QuarantineSchema, body)) return { exitCode: tellForeign(listed.url, surroundings.io) };
  const readable = body.rows.filter(({ replayable }) => replayable).map(({ eventId }) => eventId);
  return { ids: [...new Set(readable)], others: body.rows.length - readable.length };
}

function resultInWords({ replayed, failed }: Result): string {
  if (replayed + failed === 0) return 'Nothing is in quarantine.';
  const rest = failed === 0 ? '' : ` ${failed} can't be taken in yet: quarantine list says why.`;
  return `${replayed} taken in.${rest}`;
}

const BAR_WIDTH = 24;

function renderBar(done: number, total: number): string {
  const full = Math.floor((done / Math.max(total, 1)) * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${done} of ${total} replayed`;
}
