import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../helpers/free-port.ts';
import { adapt, inTree, runProgram } from './program.ts';

const CHAT = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

/** The commands of docs/first-share.md, block by block, with ports that nobody uses. */
async function readBlocks(directory: string): Promise<string[]> {
  const page = readFileSync(inTree('docs/first-share.md'), 'utf8');
  const [proxy, linq, service] = [await freePort(), await freePort(), await freePort()].map(String) as [
    string,
    string,
    string,
  ];
  const caddyfile = readFileSync(inTree('deploy/caddy/Caddyfile.local'), 'utf8');
  cpSync(inTree('deploy'), join(directory, 'deploy'), { recursive: true });
  writeFileSync(
    join(directory, 'deploy/caddy/Caddyfile.local'),
    adapt(caddyfile, [
      ['8443', proxy],
      ['8080', service],
    ]),
  );
  const text = adapt(page, [
    ['localhost:8443', `localhost:${proxy}`],
    ['127.0.0.1:4010', `127.0.0.1:${linq}`],
    ['simulate --no-subscription', `simulate --port ${linq} --no-subscription`],
    ['npx contact-card-reactor', `node ${inTree('dist/main.js')}`],
    ['npm start', `PORT=${service} node ${inTree('dist/main.js')} serve`],
  ]);
  const withPort = (block: string) => `export PORT=${service}\n${block}`;
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => withPort(block));
}

/** Runs a block to its end. */
async function run(block: string, cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-ec', block], { cwd, timeout: 60_000 });
  return stdout;
}

/** Starts a block whose last line goes on for ever, and waits until it says so. */
async function start(block: string, cwd: string, sign: RegExp): Promise<void> {
  const lines = block.trimEnd().split('\n');
  const last = lines.pop();
  const program = runProgram('bash', ['-ec', [`cd '${cwd}'`, ...lines, `exec env ${last}`].join('\n')]);
  for (let tries = 0; !sign.test(program.output()); tries++) {
    if (program.hasEnded() || tries > 600) throw new Error(`it doesn't start:\n${program.output()}`);
    await delay(50);
  }
}

it('comes about by what docs/first-share.md says, word by word', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [, caddy, linq, setUp, setUpByFlags, serve, doctor, send, show, calls, status] =
    await readBlocks(directory);
  await start(caddy ?? '', directory, /certificate obtained successfully/);
  await start(linq ?? '', directory, /Simulated Linq on/);
  const settings = (setUp ?? '').split('\n').filter((line) => line.startsWith('export'));
  await run([...settings, setUpByFlags].join('\n'), directory);
  await start(serve ?? '', directory, /service\.started/);
  expect(await run(doctor ?? '', directory)).toContain('All is well');
  await run(send ?? '', directory);
  let shown = '';
  for (let tries = 0; tries < 40 && !shown.includes('waiting (window)'); tries++) {
    shown = await run(show ?? '', directory);
  }
  expect(shown).toContain('Shared at');
  expect(JSON.parse(await run(calls ?? '', directory))).toMatchObject({
    calls: [{ chatId: CHAT, status: 204, effect: 'prompt' }],
  });
  expect(JSON.parse(await run(status ?? '', directory))).toMatchObject({ ok: true, shares: { total: 1 } });
});
