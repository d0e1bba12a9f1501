import { createSystemClock } from '../../clock.ts';
import { readSetting } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import { parseEnvFile, type Variables } from '../../config/sources.ts';
import { maskAmong } from '../../decide/text.ts';
import { ReactorError, UsageError } from '../../errors.ts';
import { openSettingsFile, type SettingsFile } from '../../setup/settings-file.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { createPrompter, type Prompter, terminalOf } from '../terminal/prompt.ts';
import { printJson, screenOf } from '../terminal/screen.ts';
import { prepareDoctor, renderFinding, renderSummary } from './doctor.ts';
import { HTTPS_WANTED, isHttps, readUrlFlag, setUpKey, setUpLines, setUpUrl } from './setup-account.ts';
import { setUpDatabase } from './setup-database.ts';
import { createTalk, find, type Session, type SetupOptions } from './setup-session.ts';
import { setUpWebhook } from './setup-webhook.ts';

/**
 * Takes an account from its API key to a subscription that points to the service, and saves the settings that
 * the service needs.
 * @throws {ReactorError}
 */
export async function runSetup(io: Io, envFile: string | null, options: SetupOptions): Promise<ExitCode> {
  const isJson = options.json === true;
  const env = envFile === null ? io.env : withoutFile(io, envFile);
  const file = openSettingsFile({ path: envFile ?? '.env', env, readFile: io.readFile });
  const terminal = isJson ? null : terminalOf(process);
  const prompter = terminal === null ? null : createPrompter(terminal);
  const session = createSession(io, file, options, prompter);
  const { report } = session;
  try {
    await goThrough(session);
    report.ok = true;
    return EXIT.fine;
  } catch (error) {
    if (error instanceof ReactorError) report.error = { code: error.code, message: error.message };
    throw error;
  } finally {
    prompter?.close();
    if (isJson && (report.ok || report.error !== null)) printJson(report, io);
  }
}

/**
 * Node.js also reads `--env-file` itself and loads the file into the environment. There, its values would
 * override what setup writes to the file.
 */
function withoutFile({ env, readFile }: Io, path: string): Variables {
  try {
    const { variables } = parseEnvFile(readFile(path));
    return Object.fromEntries(Object.entries(env).filter(([name, value]) => variables[name] !== value));
  } catch {
    return env; // the file doesn't exist, or a later step reports why it can't be read
  }
}

function createSession(
  io: Io,
  file: SettingsFile,
  options: SetupOptions,
  prompter: Prompter | null,
): Session {
  const isShown = options.showNumbers === true || readSetting(SETTINGS.showNumbers, file.sources()) === true;
  const lines: string[] = [];
  return {
    options,
    io,
    clock: createSystemClock(),
    talk: createTalk(io, options.json === true),
    prompter,
    file,
    values: {},
    lines,
    showLine: (line) => (isShown ? line : maskAmong(line, lines)),
    report: {
      ok: false,
      dryRun: options.dryRun === true,
      envFile: { path: file.path, saved: [] },
      apiKey: null,
      lines: null,
      webhookUrl: null,
      subscription: null,
      statusToken: null,
      findings: [],
      doctor: null,
      error: null,
    },
  };
}

/** Reports mistakes of the command line alone before doing anything. @throws {UsageError} */
function checkFlags(options: SetupOptions): void {
  const { imageUrl, createCard, firstName, lastName } = options;
  readUrlFlag(options);
  if (imageUrl !== undefined && !isHttps(imageUrl)) throw new UsageError(`--image-url: ${HTTPS_WANTED}.`);
  const hasDetails = [firstName, lastName, imageUrl].some((one) => one !== undefined);
  if (createCard === undefined && hasDetails)
    throw new UsageError('--first-name, --last-name and --image-url belong to --create-card LINE.');
}

async function goThrough(session: Session): Promise<void> {
  const { talk, file, options } = session;
  const isDry = options.dryRun === true;
  checkFlags(options);
  talk.title(`Setting up contact-card-reactor. Settings go to ${file.path}.`);
  if (isDry) talk.title('Dry run: nothing is changed, here or at Linq.');
  for (const mistake of file.mistakes)
    find(session, {
      code: 'settings_odd',
      message: mistake,
      remedy: 'It was left as it is; correct it by hand.',
    });
  await setUpDatabase(session);
  const account = await setUpKey(session);
  try {
    const lines = await setUpLines(session, account);
    const webhookUrl = await setUpUrl(session);
    await setUpWebhook(session, account.linq, { webhookUrl, lines });
  } finally {
    await account.linq.close();
  }
  if (isDry) {
    talk.title('Nothing was changed.');
    return;
  }
  if (options.check !== false) await examineSetup(session);
  printNextSteps(session);
}

/** Runs the doctor on the result. Its findings don't undo the setup, so they don't change setup's exit code. */
async function examineSetup({ io, clock, talk, report, options, file }: Session): Promise<void> {
  talk.step(5, 'Check');
  const { runDoctor } = await import('../../doctor/doctor.ts');
  const prepared = await prepareDoctor(
    { ...io, env: file.sources().env },
    file.path,
    { roundTrip: true },
    clock,
  );
  const screen = screenOf(io);
  const isSilent = options.json === true;
  const findings = await runDoctor({
    ...prepared,
    isServiceExpected: false, // it starts next
    onFinding: (finding) => !isSilent && io.write(renderFinding(finding, screen)),
  });
  report.doctor = findings;
  if (isSilent) return;
  io.write(`\n${renderSummary(findings, screen)}`);
  if (findings.some(({ state }) => state === 'error'))
    talk.title('Setup is done. Fix what was found, then run doctor again.');
}

/** Prints what is left to do by hand. */
function printNextSteps(session: Session): void {
  const { talk, report, file, io } = session;
  printToken(session);
  const program = `${io.env.npm_command === 'exec' ? 'npx ' : ''}contact-card-reactor`;
  const name = file.path === '.env' ? '' : ` --env-file ${file.path}`;
  const isNewSecret = report.subscription?.action === 'recreated';
  talk.title('Next:');
  if (isNewSecret) {
    talk.note(
      'If the service is running, restart it now: it doesn’t know the new secret yet. Then catch up:',
    );
    talk.commands([`${program} catch-up${name}`]);
  } else {
    talk.note('Start the service (as a systemd unit or a container: see docs/deploy.md), or restart it:');
    talk.commands([`${program} serve${name}`]);
  }
  const webhookUrl = report.webhookUrl ?? '';
  talk.note(
    webhookUrl.startsWith('http:') // only this machine, without a proxy
      ? 'Then check everything:'
      : `Make sure that ${webhookUrl} reaches it over HTTPS (docs/deploy.md), then check everything:`,
  );
  talk.commands([`${program} doctor${name}`]);
}

/** Prints the token only on request and only on a terminal; elsewhere it would end up in a log. */
function printToken({ values, report, options, io, talk, file }: Session): void {
  if (report.statusToken !== 'generated') return;
  const { name } = SETTINGS.statusToken;
  const token = values[name] ?? '';
  if (options.showToken === true && io.isTerminal) {
    talk.title('The token that opens the status page:');
    talk.commands([token]);
    return;
  }
  const why = options.showToken === true ? ' It isn’t shown here: this isn’t a terminal.' : '';
  talk.title(`The token that opens the status page is ${name} in ${file.path}.${why}`);
}
