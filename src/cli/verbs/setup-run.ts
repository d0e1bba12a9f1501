import { createSystemClock } from '../../clock.ts';
import { readSetting } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import { parseEnvFile, type Variables } from '../../config/sources.ts';
import { ReactorError, UsageError } from '../../errors.ts';
import { maskNumber } from '../../mask.ts';
import { openSettingsFile, type SettingsFile } from '../../setup/settings-file.ts';
import { printJson } from '../call-service.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { createPrompter, type Prompter, terminalOf } from '../terminal/prompt.ts';
import { HTTPS_WANTED, isHttps } from './setup-cards.ts';
import { examineSetup, tellNextSteps } from './setup-end.ts';
import { setUpKey } from './setup-key.ts';
import { setUpLines } from './setup-lines.ts';
import { find, type Session, type SetupOptions } from './setup-session.ts';
import { createTalk } from './setup-talk.ts';
import { readUrlFlag, setUpUrl } from './setup-url.ts';
import { setUpWebhook } from './setup-webhook.ts';

/**
 * Takes an account from its API key to a subscription that leads to the service, and saves what the service needs.
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
 * Node.js takes `--env-file` for itself, too, and puts what the file says into the environment: there it would win over
 * what is written into the file.
 */
function withoutFile({ env, readFile }: Io, path: string): Variables {
  try {
    const { variables } = parseEnvFile(readFile(path));
    return Object.fromEntries(Object.entries(env).filter(([name, value]) => variables[name] !== value));
  } catch {
    return env; // there is no such file, or it is told later that it can't be read
  }
}

function createSession(
  io: Io,
  file: SettingsFile,
  options: SetupOptions,
  prompter: Prompter | null,
): Session {
  const isShown = options.showNumbers === true || readSetting(SETTINGS.showNumbers, file.sources()) === true;
  return {
    options,
    io,
    clock: createSystemClock(),
    talk: createTalk(io, options.json === true),
    prompter,
    file,
    values: {},
    showLine: (line) => (isShown ? line : maskNumber(line)),
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

/** What can be told of the command line alone is told before anything is done. @throws {UsageError} */
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
  if (isDry) talk.title('A dry run: nothing is changed, here or at Linq.');
  for (const mistake of file.mistakes)
    find(session, {
      code: 'settings_odd',
      message: mistake,
      remedy: 'It stays as it is; correct it by hand.',
    });
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
  tellNextSteps(session);
}
