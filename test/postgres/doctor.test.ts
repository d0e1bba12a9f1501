import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/doctor/finding.ts';
import { examineServer } from '../../src/store/postgres/examine.ts';
import { createDatabase, withClient } from '../helpers/postgres-home.ts';
import { createWorkDir } from '../helpers/process.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

const SCHEMA = 'contact_card_reactor';
const PASSWORD = 'a-password-nobody-should-see';

describe('doctor, of a database in PostgreSQL', () => {
  let url: string;
  let name: string;

  const ask = async (address = url) => {
    const args = ['doctor', '--json', '--no-round-trip'];
    const settings = { DATABASE_URL: address, LINQ_API_KEY: '' };
    const { stdout, stderr } = await runVerbHere(createWorkDir(), args, settings);
    expect(stdout + stderr).not.toContain(PASSWORD);
    const { findings }: { findings: readonly Finding[] } = JSON.parse(stdout);
    return findings.filter(({ id }) => id.startsWith('database'));
  };
  const codes = (findings: readonly Finding[]) => findings.map(({ id, state, code }) => [id, code ?? state]);
  const look = (address: string) => examineServer({ url: address, schema: SCHEMA }, Date.now);
  const query = (text: string) => withClient(url, (client) => client.query(text));

  beforeAll(async () => {
    ({ url, name } = await createDatabase(inject('postgresUrl')));
  });

  afterAll(async () => {
    await query(`ALTER DATABASE ${name} RESET ALL`);
  });

  it('that has no tables yet, and then has them, is fine', async () => {
    const before = await ask();
    expect(codes(before)).toEqual([
      ['database', 'ok'],
      ['database_server', 'ok'],
    ]);
    expect(before[0]?.message).toMatch(/answers \(PostgreSQL \d+.*has no tables yet/);
    await runVerbHere(createWorkDir(), ['migrate'], { DATABASE_URL: url });
    const after = await ask();
    expect(codes(after)).toEqual([
      ['database', 'ok'],
      ['database_server', 'ok'],
    ]);
    expect(after[1]?.message).toMatch(/synchronous_commit=on.*no pooler in between/);
  });

  it('finds out about a pooler', async () => {
    expect(await look(url)).toMatchObject({ pooler: 'none', isLocal: true, tls: 'none', clockAheadMs: 0 });
    expect(await look(inject('poolerUrl'))).toMatchObject({ pooler: 'transaction' });
  });

  it('prints what has to be granted, and it suffices', async () => {
    const user = `service_${name}`;
    await query(`CREATE ROLE ${user} LOGIN`);
    const address = url.replace('user=reactor', `user=${user}`);
    const findings = await ask(address);
    expect(codes(findings)).toContainEqual(['database_server', 'privileges_missing']);
    const remedy = findings.find(({ code }) => code === 'privileges_missing')?.remedy ?? '';
    await query(/`(.*)`/.exec(remedy)?.[1] ?? '');
    expect(codes(await ask(address))).toEqual([
      ['database', 'ok'],
      ['database_server', 'ok'],
    ]);
  });

  it('whose server loses what it confirmed, and has a clock of its own', async () => {
    await query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    expect(codes(await ask())).toContainEqual(['database_server', 'durability_off']);
    await query(`ALTER DATABASE ${name} SET synchronous_commit = local`);
    expect(codes(await ask())).toContainEqual(['database_server', 'durability_local']);
    await query(`ALTER DATABASE ${name} RESET synchronous_commit`);
    const hour = 3_600_000;
    expect((await examineServer({ url, schema: SCHEMA }, () => Date.now() - hour)).clockAheadMs).toBeCloseTo(
      hour,
      -4,
    );
    expect((await examineServer({ url, schema: SCHEMA }, () => Date.now() + hour)).clockAheadMs).toBeCloseTo(
      -hour,
      -4,
    );
  });

  it('sees the transactions of others', async () => {
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    onTestFinished(() => other.end());
    await other.query('BEGIN');
    const seconds = (await look(url)).oldestTransactionSeconds ?? -1;
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThan(900);
  });

  it.each([
    ['nobody listens', `postgres://reactor:${PASSWORD}@127.0.0.1:9/db`, 'database_unreachable'],
    ['there is no such database', 'missing', 'database_denied'],
  ])('says why it cannot be used, without the password: %s', async (_, address, code) => {
    const at =
      address === 'missing' ? `${url.replace(`/${name}?`, '/missing?')}&password=${PASSWORD}` : address;
    expect(codes(await ask(at))).toEqual([
      ['database', code],
      ['database_server', 'skipped'],
    ]);
  });

  it('of an older or newer version says which', async () => {
    await query(`DELETE FROM ${SCHEMA}.migrations WHERE number > 1`);
    expect(codes(await ask())[0]).toEqual(['database', 'database_pending']);
    await query(`INSERT INTO ${SCHEMA}.migrations VALUES (2, 'of_another_kind')`);
    expect(codes(await ask())[0]).toEqual(['database', 'database_newer']);
  });
});
