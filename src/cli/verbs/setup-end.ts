import { SETTINGS } from '../../config/settings.ts';
import { screenOf } from '../terminal/screen.ts';
import { prepareDoctor } from './doctor.ts';
import { renderFinding, renderSummary } from './doctor-words.ts';
import type { Session } from './setup-session.ts';

/**
 * Lets the doctor look at what came of it. What it finds doesn't undo what was set up, so it doesn't change how setup
 * ends.
 */
export async function examineSetup({ io, clock, talk, report, options, file }: Session): Promise<void> {
  talk.step(5, 'Check');
  const { runDoctor } = await import('../../doctor/doctor.ts');
  const prepared = prepareDoctor({ ...io, env: file.sources().env }, file.path, { roundTrip: true }, clock);
  const screen = screenOf(io);
  const isSilent = options.json === true;
  const findings = await runDoctor({
    ...prepared,
    isServiceExpected: false, // it is started next
    onFinding: (finding) => !isSilent && io.write(renderFinding(finding, screen)),
  });
  report.doctor = findings;
  if (isSilent) return;
  io.write(`\n${renderSummary(findings, screen)}`);
  if (findings.some(({ state }) => state === 'error'))
    talk.title('Setup itself is done. See to what was found, then let doctor look again.');
}

/** What is left to do by hand. */
export function tellNextSteps(session: Session): void {
  const { talk, report, file, io } = session;
  tellToken(session);
  const program = `${io.env.npm_command === 'exec' ? 'npx ' : ''}contact-card-reactor`;
  const name = file.path === '.env' ? '' : ` --env-file ${file.path}`;
  const isNewSecret = report.subscription?.action === 'recreated';
  talk.title('Next:');
  if (isNewSecret) {
    talk.note(
      'If the service runs, restart it now: it doesn’t know the new secret yet. Then let it catch up:',
    );
    talk.commands([`${program} catch-up${name}`]);
  } else {
    talk.note('Start the service (as a systemd unit or a container: see docs/deploy.md), or restart it:');
    talk.commands([`${program} serve${name}`]);
  }
  const webhookUrl = report.webhookUrl ?? '';
  talk.note(
    webhookUrl.startsWith('http:') // this machine alone, without a proxy
      ? 'Then look at the whole way:'
      : `See that ${webhookUrl} leads to it over HTTPS (docs/deploy.md), then look at the whole way:`,
  );
  talk.commands([`${program} doctor${name}`]);
}

/** The token is shown to whoever asked for it, on a terminal; elsewhere it would end up in a log. */
function tellToken({ values, report, options, io, talk, file }: Session): void {
  if (report.statusToken !== 'generated') return;
  const { name } = SETTINGS.statusToken;
  const token = values[name] ?? '';
  if (options.showToken === true && io.isTerminal) {
    talk.title('The token that opens the status page:');
    talk.commands([token]);
    return;
  }
  const why = options.showToken === true ? ' It is not shown here, since this is no terminal.' : '';
  talk.title(`The token that opens the status page is ${name} in ${file.path}.${why}`);
}
