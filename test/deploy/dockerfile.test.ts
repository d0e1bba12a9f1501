import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALL_SETTINGS, SETTINGS } from '../../src/config/settings.ts';
import { environmentOf, isInContext, readDockerfile, stagesOf } from './dockerfile.ts';
import { inTree } from './program.ts';

const INSTRUCTIONS = readDockerfile(inTree('deploy/docker/Dockerfile'));
const STAGES = stagesOf(INSTRUCTIONS);
const LAST = STAGES.at(-1) ?? [];
const KNOWN = [
  'ARG',
  'FROM',
  'LABEL',
  'ENV',
  'WORKDIR',
  'COPY',
  'RUN',
  'VOLUME',
  'EXPOSE',
  'USER',
  'HEALTHCHECK',
  'STOPSIGNAL',
  'ENTRYPOINT',
  'CMD',
];
const named = (name: string, stage = LAST) => stage.filter((instruction) => instruction.name === name);
const at = (stage: typeof LAST, text: string) =>
  stage.findIndex((instruction) => instruction.text.includes(text));

describe('the Dockerfile', () => {
  it('holds instructions that there are, and ends in one way to start', () => {
    for (const { name } of INSTRUCTIONS) expect(KNOWN).toContain(name);
    for (const name of ['USER', 'ENTRYPOINT', 'CMD', 'HEALTHCHECK', 'STOPSIGNAL', 'WORKDIR']) {
      expect(named(name)).toHaveLength(1);
    }
  });

  it('builds every stage on a version of the base, never on whatever is newest', () => {
    const version = INSTRUCTIONS.find(({ name }) => name === 'ARG')?.text;
    expect(version).toMatch(/^NODE_VERSION=\d+\.\d+\.\d+$/);
    expect(STAGES.map(([from]) => from?.words[0])).toEqual([
      expect.stringMatching(/^node:\$\{NODE_VERSION\}-[a-z]+$/),
      expect.stringMatching(/^node:\$\{NODE_VERSION\}-[a-z]+-slim$/),
    ]);
  });

  it('runs as a user who is nobody on the host, named before anything starts', () => {
    expect(named('USER')[0]?.text).toMatch(/^[1-9]\d{4}:[1-9]\d{4}$/);
    expect(LAST.findIndex(({ name }) => name === 'USER')).toBeLessThan(
      LAST.findIndex(({ name }) => name === 'ENTRYPOINT'),
    );
    expect(
      named('RUN')
        .map(({ text }) => text)
        .join(),
    ).toContain('-o 10001 -g 10001 /data');
  });

  it('starts the program itself, not a shell, so that signals arrive', () => {
    for (const name of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'])
      expect(named(name)[0]?.text).toMatch(/\[".*"\]$/);
    expect(named('STOPSIGNAL')[0]?.text).toBe('SIGTERM');
    expect(named('HEALTHCHECK')[0]?.words.at(-1)).toBe('healthcheck');
  });

  it('holds no secret', () => {
    const secrets = ALL_SETTINGS.filter(({ isSecret }) => isSecret === true).flatMap(({ name, aliases }) => [
      name,
      ...aliases,
    ]);
    secrets.push('postgres:', 'postgresql:'); // the address of a database may contain a password
    const given = INSTRUCTIONS.filter(({ name }) => name === 'ENV' || name === 'ARG').map(({ text }) => text);
    for (const text of given) for (const secret of secrets) expect(text).not.toContain(secret);
    for (const path of [
      '.env',
      'data/reactor.db',
      '.git/config',
      'deploy/docker/secrets/status-token',
      'node_modules/x',
    ]) {
      expect({ path, isIn: isInContext(inTree('.dockerignore'), path) }).toEqual({ path, isIn: false });
    }
  });

  it('copies files that are there, and what changes seldom before what changes often', () => {
    const [build = []] = STAGES;
    const copied = [
      ...named('COPY', build),
      ...named('COPY').filter(({ flags }) => flags.from === undefined),
    ];
    for (const path of copied.flatMap(({ words }) => words.slice(0, -1))) {
      expect({ path, isThere: existsSync(inTree(path)) }).toEqual({ path, isThere: true });
      expect({ path, isIn: isInContext(inTree('.dockerignore'), path) }).toEqual({ path, isIn: true });
    }
    const order = ['package-lock.json', 'npm ci', 'npm rebuild', 'src', 'npm pack', 'npm install -g'].map(
      (text) => at(build, text),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(
      named('COPY')
        .filter(({ flags }) => flags.from === 'build')
        .map(({ words }) => words[0]),
    ).toEqual(['/opt/lib/node_modules/contact-card-reactor']);
  });

  it('keeps all that is written in one volume: .env, and data/ beside it', () => {
    expect(named('WORKDIR')[0]?.text).toBe(named('VOLUME')[0]?.text);
    for (const { fallback } of [SETTINGS.database, SETTINGS.backup.directory])
      expect(fallback).toMatch(/^(file:)?\.\/data\//);
  });

  it('sets nothing that .env or a secret’s file may set, except the address in the container', () => {
    const names = ALL_SETTINGS.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(Object.keys(environmentOf(LAST)).filter((name) => names.includes(name))).toEqual(['HOST']);
  });
});
