import type { Clock } from '../../clock.ts';
import type { DoctorOptions } from '../../doctor/check.ts';
import { decideVerdict, type Finding, type FindingState, type Verdict } from '../../doctor/finding.ts';
import { ConfigError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode, type Io, realFile } from '../io.ts';
import { adviseOnInstallation, adviseOnNode } from '../start-failure.ts';
import { createProgressLine } from '../terminal/progress.ts';
import { printable, printJson, type Screen, screenOf } from '../terminal/screen.ts';
import { wrap } from '../terminal/table.ts';
import type { Register } from '../verb.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly url?: string;
  readonly ca?: string;
  /** False with `--no-round-trip`. */
  readonly roundTrip: boolean;
}

/** `doctor`. */
export const registerDoctor: Register = (program, { io, envFile, run }) => {
  program
    .command('doctor')
    .description(
      'check everything from Node.js to the public URL, and say how to fix it (exit codes: 3 settings, 5 service or Linq unreachable, 4 other errors)',
    )
    .option('--strict', 'exit with 4 for warnings too')
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--ca <file>', 'also trust the certificate authorities in this PEM file', realFile)
    .option('--no-round-trip', 'send no test delivery to the service or PUBLIC_URL')
    .option('--json', 'print {ok, findings}')
    .action(
      run(async (flags: DoctorFlags) => {
        const { createSystemClock } = await import('../../clock.ts');
        const prepared = await prepareDoctor(io, envFile(), flags, createSystemClock());
        return await examine(io, prepared, flags);
      }),
    );
};

/**
 * Collects the doctor's input from the command line and its environment.
 * @throws {ConfigError} when a named settings file can't be read @throws {UsageError}
 */
export async function prepareDoctor(
  io: Io,
  envFile: string | null,
  flags: Pick<DoctorFlags, 'url' | 'ca' | 'roundTrip'>,
  clock: Clock,
): Promise<DoctorOptions> {
  const { findToken, locateService, readSources } = await import('../verb-settings.ts');
  const sources = readSources(io, envFile);
  const serviceUrl = unlessWrong(() => locateService(sources, flags.url ?? null));
  return {
    sources,
    envFilePath: envFile ?? '.env',
    serviceUrl,
    statusToken: serviceUrl === null ? null : unlessWrong(() => findToken(sources, serviceUrl)),
    isServiceExpected: true,
    isRoundTripWanted: flags.roundTrip,
    extraCa: flags.ca === undefined ? null : readAuthorities(io, flags.ca),
    clock,
    nodeVersion: process.versions.node,
    adviseOnNode,
    adviseOnInstallation,
  };
}

/** The doctor itself reports wrong settings. */
function unlessWrong<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function readAuthorities(io: Io, path: string): string {
  try {
    const text = io.readFile(path);
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    throw new UsageError(`--ca: ${path} can’t be read`);
  }
  throw new UsageError(`--ca: ${path} contains no PEM certificate`);
}

const EXIT_BY_VERDICT: Readonly<Record<Verdict, ExitCode>> = {
  fine: EXIT.fine,
  configuration: EXIT.configuration,
  unreachable: EXIT.unreachable,
  degraded: EXIT.degraded,
};

async function examine(io: Io, options: DoctorOptions, { json, strict }: DoctorFlags): Promise<ExitCode> {
  const { runDoctor } = await import('../../doctor/doctor.ts');
  const isStrict = strict === true;
  if (json === true) {
    const findings = await runDoctor(options);
    printJson({ ok: decideVerdict(findings, isStrict) === 'fine', findings }, io);
    return EXIT_BY_VERDICT[decideVerdict(findings, isStrict)];
  }
  const screen = screenOf(io);
  const progress = createProgressLine(io);
  const findings = await runDoctor({
    ...options,
    onCheck: (title) => io.isTerminal && progress.show(`… ${title}`),
    onFinding(finding) {
      progress.clear();
      io.write(renderFinding(finding, screen));
    },
  });
  progress.clear();
  io.write(`\n${renderSummary(findings, screen)}`);
  return EXIT_BY_VERDICT[decideVerdict(findings, isStrict)];
}

/** A symbol, and a word for people who can't see it or its colour. */
const SIGNS: Readonly<Record<FindingState, string>> = {
  ok: '✓ ok',
  warning: '! warning',
  error: '✗ error',
  skipped: '· skipped',
};
const INDENT = ' '.repeat(11);

/** One finding: state, check, result and remedy. What is fine takes one sentence. */
export function renderFinding({ state, title, message, remedy }: Finding, screen: Screen): string {
  const block = (text: string, indent: string) =>
    text
      .split('\n')
      .map((line) => wrap(String(printable(line)), screen.width - indent.length, indent))
      .join(`\n${indent}`);
  const sign = paintOf(state, screen)(SIGNS[state].padEnd(INDENT.length));
  if (remedy === null) return `${sign}${block(`${title}: ${message}`, INDENT)}\n`;
  const lines = [`${screen.bold(title)}`, block(message, INDENT), `→ ${block(remedy, `${INDENT}  `)}`];
  return `${sign}${lines.join(`\n${INDENT}`)}\n`;
}

function paintOf(state: FindingState, { red, yellow, green }: Screen): (text: string) => string {
  switch (state) {
    case 'ok':
      return green;
    case 'warning':
      return yellow;
    case 'error':
      return red;
    case 'skipped':
      return (text) => text;
  }
}

/** `2 errors, 1 warning; 14 checks are fine, 3 were skipped.` */
export function renderSummary(findings: readonly Finding[], screen: Screen): string {
  const count = (wanted: FindingState) => findings.filter(({ state }) => state === wanted).length;
  const [errors, warnings, ok, skipped] = [count('error'), count('warning'), count('ok'), count('skipped')];
  const checks = `${ok} ${ok === 1 ? 'check is' : 'checks are'} fine${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  if (errors + warnings === 0) return `${screen.green(wrap(`All is well: ${checks}.`, screen.width))}\n`;
  const parts = [
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error' : 'errors'}`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`]),
  ];
  const paint = errors > 0 ? screen.red : screen.yellow;
  const counts = parts.join(', ');
  const text = wrap(`${counts}; ${checks}.`, screen.width);
  return `${paint(text.slice(0, counts.length))}${text.slice(counts.length)}\n`;
}
