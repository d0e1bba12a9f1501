import { existsSync, readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { dirname, join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALL_SETTINGS } from '../../src/config/settings.ts';
import { findSetting } from '../../src/config/sources.ts';
import { environmentOf, readDockerfile, stagesOf } from './dockerfile.ts';
import { inTree } from './program.ts';

const Text = Type.String({ minLength: 1 });
/** What we use of https://github.com/compose-spec/compose-spec, and nothing else: a misspelt key is a fault. */
const Service = Type.Object(
  {
    build: Type.Optional(Type.Object({ context: Text, dockerfile: Text }, { additionalProperties: false })),
    image: Type.Optional(Type.String({ pattern: ':\\d+(\\.\\d+)+$' })),
    restart: Type.Optional(Type.Literal('unless-stopped')),
    depends_on: Type.Optional(Type.Array(Text)),
    environment: Type.Optional(Type.Record(Text, Text)),
    volumes: Type.Optional(Type.Array(Type.String({ pattern: '^[^:]+:/[^:]+(:ro)?$' }))),
    ports: Type.Optional(Type.Array(Type.String({ pattern: '^\\d+:\\d+(/udp)?$' }))),
    networks: Type.Optional(
      Type.Record(Text, Type.Object({ ipv4_address: Type.Optional(Text) }, { additionalProperties: false })),
    ),
    user: Type.Optional(Type.String({ pattern: '^\\d+:\\d+$' })),
    read_only: Type.Optional(Type.Literal(true)),
    tmpfs: Type.Optional(Type.Array(Text)),
    cap_drop: Type.Optional(Type.Tuple([Type.Literal('ALL')])),
    cap_add: Type.Optional(Type.Array(Text)),
    security_opt: Type.Optional(Type.Tuple([Type.Literal('no-new-privileges:true')])),
    stop_grace_period: Type.Optional(Type.String({ pattern: '^\\d+s$' })),
    mem_limit: Type.Optional(Text),
    pids_limit: Type.Optional(Type.Integer()),
    logging: Type.Optional(
      Type.Object({ driver: Text, options: Type.Record(Text, Text) }, { additionalProperties: false }),
    ),
    secrets: Type.Optional(Type.Array(Text)),
  },
  { additionalProperties: false },
);
const Network = Type.Object({ subnet: Text, ip_range: Type.Optional(Text) }, { additionalProperties: false });
const Compose = Type.Object(
  {
    name: Type.Optional(Text),
    services: Type.Record(Text, Service),
    networks: Type.Optional(
      Type.Record(
        Text,
        Type.Object({ ipam: Type.Object({ config: Type.Array(Network) }) }, { additionalProperties: false }),
      ),
    ),
    volumes: Type.Optional(Type.Record(Text, Type.Object({}, { additionalProperties: false }))),
    secrets: Type.Optional(Type.Record(Text, Type.Object({ file: Text }, { additionalProperties: false }))),
  },
  { additionalProperties: false },
);

/** @param range as `10.0.0.0/8` */
function listOf(range: string): BlockList {
  const [address = '', bits] = range.split('/');
  const list = new BlockList();
  list.addSubnet(address, Number(bits));
  return list;
}

const DIRECTORY = inTree('deploy/docker');
/** Compose keeps what the image sets. */
const OF_THE_IMAGE = environmentOf(stagesOf(readDockerfile(join(DIRECTORY, 'Dockerfile'))).at(-1) ?? []);

function read(name: string): Static<typeof Compose> {
  const value: unknown = parse(readFileSync(join(DIRECTORY, name), 'utf8'), { merge: true });
  expect([...Value.Errors(Compose, value)]).toEqual([]);
  return Value.Decode(Compose, value);
}

describe('the compose file', () => {
  const { services, networks = {}, volumes = {} } = read('compose.yaml');
  const { reactor = {}, caddy = {} } = services;

  it('gives each container no rights, no way to any, and nothing to write but its volumes', () => {
    for (const service of [reactor, caddy]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
      });
      expect(service.logging?.options).toMatchObject({
        'max-size': expect.any(String),
        'max-file': expect.any(String),
      });
    }
    expect(reactor.cap_add).toBeUndefined();
    expect(caddy.cap_add).toEqual(['NET_BIND_SERVICE']);
    expect(reactor.user).toBe('10001:10001');
    expect(reactor.tmpfs?.[0]).toContain('noexec,nosuid,nodev');
  });

  it('leaves the service more time to stop than it takes', () => {
    expect(Number.parseInt(reactor.stop_grace_period ?? '', 10)).toBeGreaterThan(10);
  });

  it('lets nobody reach the service but the proxy, and believes the proxy alone', () => {
    expect(reactor.ports).toBeUndefined();
    expect(reactor.environment?.TRUST_PROXY).toBe(caddy.networks?.inside?.ipv4_address);
    expect(caddy.environment?.REACTOR).toBe('reactor:8080');
    expect(caddy.ports).toEqual(expect.arrayContaining(['80:80', '443:443']));
  });

  it('gives the proxy an address of the network that Docker gives to no other container', () => {
    const { subnet, ip_range = subnet } = networks.inside?.ipam.config[0] ?? { subnet: '' };
    const isIn = (range: string) => listOf(range).check(caddy.networks?.inside?.ipv4_address ?? '');
    expect([isIn(subnet), isIn(ip_range)]).toEqual([true, false]);
    expect(listOf(subnet).check(ip_range.split('/')[0] ?? '')).toBe(true);
  });

  it('names volumes, files and a Dockerfile that are there', () => {
    for (const volume of [reactor, caddy].flatMap((service) => service.volumes ?? [])) {
      const [source = ''] = volume.split(':');
      const isThere = source.startsWith('.') ? existsSync(join(DIRECTORY, source)) : source in volumes;
      expect({ source, isThere }).toEqual({ source, isThere: true });
    }
    const { context = '', dockerfile = '' } = reactor.build ?? {};
    expect(existsSync(join(DIRECTORY, context, dockerfile))).toBe(true);
    expect(dirname(join(DIRECTORY, context, 'x'))).toBe(inTree('.').replace(/\/$/, ''));
  });

  it('carries the version of the program', () => {
    const { version } = JSON.parse(readFileSync(inTree('package.json'), 'utf8'));
    expect(reactor.image).toBe(`contact-card-reactor:${version}`);
  });
});

describe('the compose file of two replicas', () => {
  const base = read('compose.yaml').services;
  const { services, volumes = {} } = read('compose.postgres.yaml');
  const { 'reactor-2': second = {}, caddy = {}, postgres = {} } = services;

  it('runs the second like the first', () => {
    const { build: _, environment, logging, ...first } = base.reactor ?? {};
    const { environment: own, logging: __, depends_on: ___, secrets, ...rest } = second;
    expect(rest).toEqual(first);
    expect(own).toEqual({ ...environment, ...services.reactor?.environment });
    expect(secrets).toEqual(services.reactor?.secrets);
    expect(logging).toEqual(second.logging);
  });

  it('tells Caddy of both, and lends it the file for that', () => {
    expect(caddy.environment?.REACTOR).toBe('reactor:8080 reactor-2:8080');
    expect(caddy.volumes).toEqual(['../caddy/replicas.caddy:/etc/caddy/replicas.caddy:ro']);
    expect(existsSync(join(DIRECTORY, '../caddy/replicas.caddy'))).toBe(true);
  });

  it('keeps PostgreSQL’s data in a volume, and lets nobody from outside reach it', () => {
    expect(postgres.volumes?.map((volume) => volume.split(':')[0])).toEqual(Object.keys(volumes));
    expect(postgres.ports).toBeUndefined();
  });
});

it.each(['compose.secrets.yaml', 'compose.postgres.yaml'])(
  '%s: secrets as files are found by the service under the names that compose gives them',
  (name) => {
    const { services, secrets = {} } = read(name);
    const { environment = {}, secrets: given = [] } = services.reactor ?? {};
    const used = Object.values(services).flatMap((service) => service.secrets ?? []);
    expect(Object.keys(secrets).sort()).toEqual([...new Set(used)].sort());
    const files = new Map(given.map((name) => [`/run/secrets/${name}`, `text of ${name}`]));
    const readFile = (path: string) => files.get(path) ?? '';
    const env = { ...OF_THE_IMAGE, ...environment };
    const found = ALL_SETTINGS.map((setting) => findSetting(setting, { env, envFile: {}, readFile }));
    expect(found.filter((one) => one !== null && 'mistake' in one)).toEqual([]);
    const texts = found.flatMap((one) =>
      one !== null && 'text' in one && one.origin.endsWith('_FILE') ? [one.text] : [],
    );
    expect(texts.sort()).toEqual(given.map((name) => `text of ${name}`).sort());
  },
);

it.each(['compose.secrets.yaml', 'compose.postgres.yaml'])(
  '%s: says how to make the directory of the secrets, which git ignores',
  (name) => {
    for (const { file } of Object.values(read(name).secrets ?? {})) expect(dirname(file)).toBe('./secrets');
    const lines = readFileSync(join(DIRECTORY, name), 'utf8').split('\n');
    expect(lines.find((line) => line.includes('secrets'))).toBe('#   mkdir -m 700 secrets');
    expect(readFileSync(inTree('.gitignore'), 'utf8').split('\n')).toContain('deploy/docker/secrets/');
  },
);
