import type { Clock } from '../../clock.ts';
import type { Setting } from '../../config/setting.ts';
import { findSetting } from '../../config/sources.ts';
import type { LineCard } from '../../setup/cards.ts';
import type { SettingsFile, Values } from '../../setup/settings-file.ts';
import type { Io } from '../io.ts';
import { withProgress } from '../terminal/progress.ts';
import type { Prompter } from '../terminal/prompt.ts';
import { printable, screenOf } from '../terminal/screen.ts';
import { renderTable, wrap } from '../terminal/table.ts';

/** The command-line options of `setup`. */
export interface SetupOptions {
  readonly apiKeyFile?: string;
  readonly lines?: string;
  readonly createCard?: readonly string[];
  readonly firstName?: string;
  readonly lastName?: string;
  readonly imageUrl?: string;
  readonly publicUrl?: string;
  readonly databaseUrlFile?: string;
  readonly recreate?: boolean;
  readonly showNumbers?: boolean;
  readonly showToken?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** False with `--no-check`. */
  readonly check?: boolean;
  readonly json?: boolean;
}

/** A completed step that still needs attention. */
interface SetupFinding {
  /** Stable. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What `--json` prints. Filled in step by step, so that it also shows how far a failed run got. */
interface SetupReport {
  ok: boolean;
  readonly dryRun: boolean;
  envFile: { readonly path: string; readonly saved: string[] };
  apiKey: { readonly origin: string } | null;
  lines: readonly (LineCard & { readonly isChosen: boolean })[] | null;
  /** The URL to which Linq delivers, without the query. */
  webhookUrl: string | null;
  subscription: {
    readonly action: 'created' | 'kept' | 'updated' | 'recreated';
    /** Null in a dry run. */
    readonly subscriptionId: string | null;
    readonly targetUrl: string;
  } | null;
  statusToken: 'generated' | 'kept' | null;
  readonly findings: SetupFinding[];
  doctor: readonly unknown[] | null;
  error: { readonly code: string; readonly message: string } | null;
}

/** One run of `setup`. */
export interface Session {
  readonly options: SetupOptions;
  readonly io: Io;
  readonly clock: Clock;
  readonly talk: Talk;
  /** Null when there is no one to ask. */
  readonly prompter: Prompter | null;
  readonly file: SettingsFile;
  /** Values to save, by variable. */
  readonly values: Record<string, string | null>;
  readonly report: SetupReport;
  /** The account's, once they are known. */
  readonly lines: string[];
  /** A line's number in its displayable form. */
  readonly showLine: (line: string) => string;
}

export function find(session: Session, finding: SetupFinding): void {
  session.report.findings.push(finding);
  session.talk.warn(`${finding.message} ${finding.remedy}`);
}

/** Waits for Linq; on a terminal, says so after a second. */
export function waitFor<T>({ io, clock, options }: Session, work: Promise<T>): Promise<T> {
  const silent = { ...io, isTerminal: io.isTerminal && options.json !== true };
  return withProgress({ io: silent, clock, look: () => '  Waiting for Linq …' }, work);
}

export function pause({ clock }: Session, ms: number): Promise<void> {
  return clock.sleepUntil(clock.now() + ms, ms, new AbortController().signal);
}

/** Asks a yes-or-no question; `--yes`, or the lack of a terminal, takes the default. */
export async function confirm(session: Session, question: string, byDefault: boolean): Promise<boolean> {
  const { prompter, options } = session;
  if (prompter === null || options.yes === true) return byDefault;
  for (;;) {
    const answer = (await prompter.ask(`  ${question} [${byDefault ? 'Y/n' : 'y/N'}] `)).toLowerCase();
    if (answer === '') return byDefault;
    if (/^y(es)?$/.test(answer)) return true;
    if (/^no?$/.test(answer)) return false;
  }
}

/** Marks an environment value for saving if the file lacks it: the service may run without that environment. */
export function adopt({ file, values }: Session, setting: Setting<unknown>): void {
  const found = findSetting(setting, file.sources());
  if (found === null || 'mistake' in found || found.origin !== 'environment') return;
  const isInFile = [setting.name, ...setting.aliases].some((name) => file.sources().envFile[name]?.trim());
  if (!isInFile && found.text !== setting.fallback) values[setting.name] = found.text;
}

/** Saves the marked values; in a dry run, prints what would be saved. @throws {SetupError} @throws {ConfigError} */
export function save({ file, values, options, talk, report }: Session, isForced: boolean): void {
  const changes = file.changes(values);
  const names = changes.join(', ');
  if (options.dryRun === true) {
    if (changes.length > 0) talk.note(`Would save in ${file.path}: ${names}.`);
    return;
  }
  if (changes.length > 0 || isForced) file.write(values);
  else if (file.openMode !== null) file.shut();
  report.envFile.saved.push(...changes);
  if (changes.length > 0)
    talk.done(`Saved in ${file.path}, readable only by its owner (mode 0600): ${names}.`);
  if (file.openMode !== null)
    talk.done(`${file.path} could be read by others (mode ${file.openMode}); now only its owner can.`);
}

/** Reports saved values that the environment overrides. */
export function reportOverridden(session: Session, values: Values): void {
  for (const name of session.file.overridden(values)) {
    find(session, {
      code: 'environment_wins',
      message: `${name} is set differently in the environment, which overrides ${session.file.path}.`,
      remedy: `Remove it from the environment, or set it there to the value in ${session.file.path}.`,
    });
  }
}

/** The output of setup as it progresses. */
interface Talk {
  /** A heading of its own, after an empty line. */
  title(text: string): void;
  /** A step begins. */
  step(number: number, text: string): void;
  done(text: string): void;
  note(text: string): void;
  warn(text: string): void;
  table(heads: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Lines to copy: never wrapped. */
  commands(lines: readonly string[]): void;
}

const STEPS = 5;
const INDENT = '  ';

/** @param isSilent for `--json`, which prints everything at the end */
export function createTalk(io: Io, isSilent: boolean): Talk {
  const { width, bold, green, yellow } = screenOf(io);
  const write = isSilent ? () => {} : io.write;
  const safe = (text: string) => String(printable(text));
  const printMarked = (mark: string, text: string) => {
    const indent = INDENT + INDENT;
    write(`${INDENT}${mark} ${wrap(safe(text), width - indent.length, indent)}\n`);
  };
  return {
    title: (text) => write(`\n${wrap(safe(text), width)}\n`),
    step: (number, text) => write(`\n${bold(`${number}/${STEPS} ${text}`)}\n`),
    done: (text) => printMarked(green('✓'), text),
    note: (text) => write(`${INDENT}${wrap(safe(text), width - INDENT.length, INDENT)}\n`),
    warn: (text) => printMarked(yellow('!'), text),
    table(heads, rows) {
      const safeRows = rows.map((row) => row.map(safe));
      const text = renderTable(heads, safeRows, width - INDENT.length);
      write(text.replaceAll(/^(?=.)/gm, INDENT));
    },
    commands: (lines) => write(lines.map((line) => `${INDENT}${INDENT}${line}\n`).join('')),
  };
}
