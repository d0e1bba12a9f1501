import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/doctor/finding.ts';
import { deliver, OTHER_SECRET, SECRET } from '../../helpers/deliver.ts';
import { LINES } from '../../helpers/deliveries.ts';
import { createWorkDir } from '../../helpers/process.ts';
import { startService } from '../../helpers/service.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';
import { broken, FINE, startWorld } from './world.ts';

const [LINE = ''] = LINES;

/** A world in which nothing is wrong, service and doctor inside of this process. */
const startWell = () =>
  startWorld({ start: startService, stop: (service) => service.stop(), runVerb: runVerbHere });

it('where all is well every check says so', async () => {
  const { examine, service } = await startWell();
  const examined = await examine();
  expect(examined).toMatchObject(FINE);
  const { database_server: _ofPostgres, ...checks } = CHECKS;
  expect(examined.findings).toHaveLength(Object.keys(checks).length);
  expect(new Set(examined.findings.map(({ state }) => state))).not.toContain('skipped');
  expect(service().output()).not.toContain('delivery.rejected');
});

describe('what is broken is found, and fine again once its remedy was followed:', () => {
  it('a service that is down', async () => {
    const { examine, restart, stop } = await startWell();
    await stop();
    expect(await examine({}, '--no-round-trip')).toMatchObject(broken(5, 'service_down'));
    await restart();
    expect(await examine()).toMatchObject(FINE);
  });

  it('settings, all mistakes at once', async () => {
    const { examine } = await startWell();
    const wrong = { TRUST_PROXY: 'true', SHARE_WINDOW: '5' };
    const examined = await examine(wrong);
    expect(examined).toMatchObject(broken(3, 'settings_wrong'));
    expect(examined.findings.find(({ id }) => id === 'settings')?.details.mistakes).toHaveLength(2);
    expect(await examine({ TRUST_PROXY: 'loopback', SHARE_WINDOW: '24h' })).toMatchObject(FINE);
  });

  it('a settings file that everybody can read', async () => {
    const { examine, directory } = await startWell();
    const file = join(directory, '.env');
    writeFileSync(file, 'DRY_RUN=false\n', { mode: 0o644 });
    chmodSync(file, 0o644);
    const examined = await examine();
    expect(examined).toMatchObject(broken(4, 'files_open_to_all'));
    expect(examined.findings.find(({ id }) => id === 'file_modes')?.remedy).toBe('Run `chmod 600 .env`.');
    chmodSync(file, 0o600);
    expect(await examine()).toMatchObject(FINE);
  });

  it('a rejected key, and an API that can’t be reached', async () => {
    const { examine } = await startWell();
    expect(await examine({ LINQ_API_KEY: 'not-the-right-key' })).toMatchObject(broken(4, 'api_key_rejected'));
    expect(await examine({ LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner' })).toMatchObject(
      broken(5, 'api_unreachable'),
    );
    expect(await examine()).toMatchObject(FINE);
  });

  it('a line without a card, and one that isn’t the account’s', async () => {
    const { examine, simulator } = await startWell();
    simulator.setCard(LINE, 'none');
    expect(await examine()).toMatchObject({ code: 0, ok: true, wrong: ['card_missing'] });
    expect(await examine({}, '--strict')).toMatchObject(broken(4, 'card_missing'));
    simulator.setCard(LINE, 'inactive');
    expect(await examine()).toMatchObject({ wrong: ['card_inactive'] });
    simulator.setCard(LINE, 'active');
    expect(await examine({ LINQ_LINES: '+12025550999' })).toMatchObject(broken(4, 'lines_unknown'));
    expect(await examine({ LINQ_LINES: LINE })).toMatchObject(FINE);
  });

  it('a subscription that leads elsewhere, and one too many', async () => {
    const { examine, simulator, targetUrl } = await startWell();
    const elsewhere = { PUBLIC_URL: 'https://localhost:1' };
    expect(await examine(elsewhere, '--no-round-trip')).toMatchObject(broken(4, 'subscription_missing'));
    simulator.subscribe({ targetUrl: targetUrl.replace('2026-02-03', '2025-01-01'), signingSecret: SECRET });
    expect(await examine()).toMatchObject({ wrong: ['subscription_duplicate'] });
  });

  it('a secret that the service doesn’t know yet', async () => {
    const { examine, restart } = await startWell();
    const changed = { LINQ_WEBHOOK_SECRET: OTHER_SECRET };
    const examined = await examine(changed);
    expect(examined).toMatchObject({ code: 4, ok: false });
    expect(examined.wrong).toContain('service_secret_differs');
    for (const secret of [SECRET, OTHER_SECRET]) expect(examined.text).not.toContain(secret.slice(6, 20));
    await restart(changed); // the secret is of 33 bytes, which Linq's are not
    const wrong = ['problem_warning', 'secret_suspect']; // whether deliveries pass again, doctor's own tell
    expect(await examine(changed)).toMatchObject({ code: 0, wrong });
    expect(await examine(changed)).toMatchObject({ code: 0, wrong: ['secret_suspect'] });
  });

  it('a proxy that rewrites bodies', async () => {
    const { examine, through } = await startWell();
    through((passed) => ({
      ...passed,
      body: Buffer.from(JSON.stringify(JSON.parse(passed.body.toString()))),
    }));
    const examined = await examine();
    expect(examined).toMatchObject(broken(4, 'proxy_alters_bytes'));
    expect(examined.findings.at(-1)?.message).toContain('rewrites JSON');
    through((passed) => ({ ...passed, body: Buffer.concat([passed.body, Buffer.from(' ')]) }));
    const always = await examine();
    // nothing of Linq's was accepted yet, so the one before was an error of the service, too
    expect(always).toMatchObject(broken(4, 'problem_error', 'proxy_alters_bytes'));
    expect(always.findings.at(-1)?.message).not.toContain('Or the request'); // the service counted it
    through((passed) => passed);
    expect(await examine()).toMatchObject(broken(4, 'problem_error')); // its own delivery ends that
    expect(await examine()).toMatchObject(FINE);
  });

  it('a certificate that isn’t trusted here', async () => {
    const { examine, directory } = await startWell();
    const other = join(directory, 'other.pem');
    writeFileSync(other, (await import('../../security/tls-identity.ts')).CERTIFICATE);
    expect(await examine({}, '--ca', other)).toMatchObject(broken(4, 'certificate_unknown_authority'));
    expect(await examine()).toMatchObject(FINE);
  });

  it('an open problem of the service', async () => {
    const { examine, service } = await startWell();
    expect(await deliver(service().url, 'nonsense')).toMatchObject({ status: 202 });
    const examined = await examine();
    expect(examined).toMatchObject({ code: 0, wrong: ['problem_warning'] });
    expect(examined.findings.find(({ id }) => id === 'problems')?.details).toMatchObject({
      problem: 'unreadable_deliveries',
    });
  });
});

it('a command line that can’t be meant is refused before anything is looked at', async () => {
  const directory = createWorkDir();
  for (const flags of [['--url', 'nowhere'], ['--ca', 'missing.pem'], ['--bogus']])
    expect(await runVerbHere(directory, ['doctor', ...flags])).toMatchObject({ code: 2, stdout: '' });
  expect(await runVerbHere(directory, ['doctor', '--env-file', 'none.env'])).toMatchObject({
    code: 3,
    stdout: '',
  });
});
