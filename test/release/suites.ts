/** What a suite told of itself, see `reportReached`: counts by name, added up over so many `reports`. */
export type Reached = Readonly<Record<string, number>>;

/** A suite that is run in large before a release, slice by slice. */
export interface ReleaseSuite {
  /** As it reports itself. */
  readonly name: string;
  /** A test file, or a directory of them. */
  readonly file: string;
  /** What it does, in a few words. */
  readonly what: string;
  /** What is counted: `kills`. */
  readonly unit: string;
  /** SUITE_COUNT of one slice, which is to take minutes. */
  readonly slice: number;
  /** How many units a slice has reached. */
  readonly doneBy: (reached: Reached) => number;
  /** How many units are done on every change. */
  readonly usual: number;
  readonly target: number;
  /** What a run without limit goes on to; default: the target. */
  readonly stretch?: number;
}

const field =
  (name: string) =>
  (reached: Reached): number =>
    reached[name] ?? 0;

/** Of a suite that is large as a whole: a slice is all of it. */
const whole = (count: number) => ({ slice: count, target: count });

export const SUITES: readonly ReleaseSuite[] = [
  {
    name: 'random-kill',
    file: 'test/faults/random-kill.test.ts',
    what: '`kill -9` at a random instant of 20 to 900 ms of life, under load',
    unit: 'kills',
    ...{ slice: 100, doneBy: field('kills'), usual: 70, target: 2_000, stretch: 10_000 },
  },
  {
    name: 'placed-kill',
    file: 'test/faults/placed-kill.test.ts',
    what: '`kill -9` at each named point between a delivery and the end of its share',
    unit: 'kills at each point',
    ...{ slice: 10, usual: 3, target: 200 },
    doneBy: ({ kills = 0, points = 1 }) => Math.floor(kills / points),
  },
  {
    name: 'double-kill',
    file: 'test/faults/double-kill.test.ts',
    what: '`kill -9` again while it recovers from one',
    unit: 'kills',
    ...{ slice: 50, doneBy: field('whileRecovering'), usual: 9, target: 500 },
  },
  {
    name: 'placed-kill-migration',
    file: 'test/faults/placed-kill-migration.test.ts',
    what: '`kill -9` at each statement of the migrations',
    unit: 'kills',
    ...{ slice: 10, doneBy: field('kills'), usual: 12, target: 200 },
  },
  {
    name: 'placed-kill-prune',
    file: 'test/faults/placed-kill-upkeep.test.ts',
    what: '`kill -9` while old attempts are deleted, and during a backup',
    unit: 'kills while deleting',
    ...{ slice: 25, doneBy: field('kills'), usual: 4, target: 400 },
  },
  {
    name: 'upgrade',
    file: 'test/faults/upgrade.test.ts',
    what: 'every released schema with data, killed at each statement of its upgrade',
    unit: 'kills',
    ...{ slice: 100, doneBy: field('kills'), usual: 28, target: 400 },
  },
  {
    name: 'power-loss',
    file: 'test/faults/power-loss.test.ts',
    what: 'the database opened from what a power cut leaves: writes without sync lost or torn at 512 bytes',
    unit: 'crash images',
    ...{ slice: 160, doneBy: field('images'), usual: 48, target: 1_000, stretch: 6_000 },
  },
  {
    name: 'failing-calls',
    file: 'test/faults/failing-calls.test.ts',
    what: 'the n-th write, sync or cut of the database files fails with EIO or ENOSPC, for every n',
    unit: 'calls deep',
    ...{ ...whole(200), doneBy: field('rounds'), usual: 20 },
  },
  {
    name: 'graceful-stop',
    file: 'test/faults/graceful-stop.test.ts',
    what: 'SIGTERM at a random instant, under load',
    unit: 'stops',
    ...{ slice: 100, doneBy: field('stops'), usual: 8, target: 1_000 },
  },
  {
    name: 'second-process',
    file: 'test/faults/second-process.test.ts',
    what: 'three processes started at once on one file: one runs, the others are refused',
    unit: 'rounds',
    ...{ slice: 50, doneBy: field('rounds'), usual: 6, target: 200 },
  },
  {
    name: 'stopped-process',
    file: 'test/faults/stopped-process.test.ts',
    what: 'SIGSTOP amid calls and deliveries, for longer than a lease (90 s; on every change 16 s), then SIGCONT',
    unit: 'stops',
    ...{ slice: 90, doneBy: () => 1, usual: 1, target: 20 },
  },
  {
    name: 'clock-steps',
    file: 'test/faults/clock-steps.test.ts',
    what: 'wall clock set (−2 h, +26 h, −1 d, 1970, 2038, 2100, ±500 ppm), running and over a restart, Linq right or as wrong',
    unit: 'rounds of 13 cases',
    ...{ slice: 2, doneBy: ({ cases = 0 }) => cases / 13, usual: 1, target: 20 },
  },
  {
    name: 'model',
    file: 'test/faults/model.test.ts',
    what: 'random commands against the real store and dispatcher, beside a model of them',
    unit: 'runs',
    ...{ slice: 1_000, doneBy: field('runs'), usual: 150, target: 20_000, stretch: 200_000 },
  },
  {
    name: 'races',
    file: 'test/faults/races.test.ts',
    what: 'claim, settle, abort and stop in every order that a scheduler finds',
    unit: 'runs',
    ...{ slice: 2_500, doneBy: field('runs'), usual: 500, target: 50_000 },
  },
  {
    name: 'simulation',
    file: 'test/faults/simulation.test.ts',
    what: 'a month of an account in one process, all of it simulated, with faults; each seed another one',
    unit: 'seeds',
    ...{ slice: 100, doneBy: field('seeds'), usual: 6, target: 1_000, stretch: 10_000 },
  },
  {
    name: 'rules',
    file: 'test/unit/decide',
    what: 'the properties of the pure rules',
    unit: 'cases of each',
    ...{ slice: 25_000, usual: 1_000, target: 100_000 },
    doneBy: ({ runs = 0, reports = 1 }) => runs / reports,
  },
  {
    name: 'verifier-fuzz',
    file: 'test/security/verifier-fuzz.test.ts',
    what: 'mutated signatures, headers and bodies: no forgery, nothing thrown',
    unit: 'cases',
    ...{ slice: 250_000, doneBy: field('cases'), usual: 100_000, target: 1_000_000 },
  },
  {
    name: 'verifier-differential',
    file: 'test/security/verifier-differential.test.ts',
    what: 'the same verdict as the `standardwebhooks` library, but for what we refuse on purpose',
    unit: 'cases',
    ...{ slice: 250_000, doneBy: field('cases'), usual: 30_000, target: 1_000_000 },
  },
  {
    name: 'parser-fuzz',
    file: 'test/security/parser-fuzz.test.ts',
    what: 'mutated events with a valid signature: always 2xx, always classified',
    unit: 'cases',
    ...{ slice: 50_000, doneBy: field('cases'), usual: 10_000, target: 200_000 },
  },
  {
    name: 'overload',
    file: 'test/faults/overload.test.ts',
    what: 'more bodies than fit into memory: 503, and all of it in by the last redelivery',
    unit: 'seconds',
    ...{ ...whole(300), doneBy: field('seconds'), usual: 10 },
  },
  {
    name: 'backlog',
    file: 'test/faults/backlog.test.ts',
    what: 'deliveries that waited for the service, all at once, a fifth of them twice',
    unit: 'deliveries',
    ...{ ...whole(50_000), doneBy: field('events'), usual: 5_000 },
  },
  {
    name: 'herd',
    file: 'test/faults/herd.test.ts',
    what: 'shares that are overdue at the start: each once, in order, paced',
    unit: 'shares',
    ...{ ...whole(20_000), doneBy: field('overdue'), usual: 1_000 },
  },
  {
    name: 'soak',
    file: 'test/faults/soak.test.ts',
    what: 'steady load with repeats and forgeries, kills, stops and a full disk; log, files and memory bounded',
    unit: 'seconds',
    ...{ ...whole(7_200), doneBy: field('seconds'), usual: 30 },
  },
  {
    name: 'replicas-model',
    file: 'test/postgres/model.test.ts',
    what: 'the same commands and the same model, with two or three replicas that share a database in PostgreSQL',
    unit: 'runs',
    ...{ slice: 100, doneBy: field('runs'), usual: 3, target: 2_000 },
  },
  {
    name: 'replicas-simulation',
    file: 'test/postgres/simulation.test.ts',
    what: 'days of an account with two or three replicas on PostgreSQL, all of it simulated; and minutes of replicas that are killed and stopped',
    unit: 'accounts',
    ...{ slice: 20, doneBy: field('seeds'), usual: 1, target: 100 },
  },
  {
    name: 'killed-replica',
    file: 'test/faults-postgres/killed-replica.test.ts',
    what: 'three replicas on PostgreSQL: `kill -9` at random instants, also of one while another begins, under load',
    unit: 'kills',
    ...{ slice: 100, doneBy: field('kills'), usual: 60, target: 2_000 },
  },
  {
    name: 'frozen-replica',
    file: 'test/faults-postgres/frozen-replica.test.ts',
    what: 'eleven replicas: ten stopped amid calls with SIGSTOP for longer than a lease, then SIGCONT',
    unit: 'stops',
    ...{ slice: 25, doneBy: field('stops'), usual: 10, target: 500 },
  },
  {
    name: 'restarted-database',
    file: 'test/faults-postgres/restarted-database.test.ts',
    what: 'three replicas: PostgreSQL crashes every 5 to 10 s',
    unit: 'seconds',
    ...{ slice: 300, doneBy: field('seconds'), usual: 60, target: 3_600 },
  },
  {
    name: 'ended-connections',
    file: 'test/faults-postgres/ended-connections.test.ts',
    what: 'three replicas: PostgreSQL ends a connection, rather one with an open transaction',
    unit: 'connections',
    ...{ slice: 500, doneBy: field('ended'), usual: 100, target: 5_000 },
  },
  {
    name: 'lost-answers',
    file: 'test/faults-postgres/lost-answers.test.ts',
    what: 'three replicas: PostgreSQL commits, and its answer is lost',
    unit: 'answers',
    ...{ slice: 200, doneBy: field('lost'), usual: 30, target: 2_000 },
  },
  {
    name: 'stalled-network',
    file: 'test/faults-postgres/stalled-network.test.ts',
    what: 'three replicas: the network to PostgreSQL stalls or is cut, for one or all of them',
    unit: 'faults',
    ...{ slice: 25, doneBy: field('faults'), usual: 10, target: 500 },
  },
  {
    name: 'wrong-clocks',
    file: 'test/faults-postgres/wrong-clocks.test.ts',
    what: "three replicas: one machine's clock or two, or (before a release only) the database's, are set by ±10 min while they run",
    unit: 'cases',
    ...{ slice: 10, doneBy: field('cases'), usual: 4, target: 40 },
  },
  {
    name: 'rolling-upgrade',
    file: 'test/faults-postgres/rolling-upgrade.test.ts',
    what: 'three replicas replaced one by one with a version that migrates the database under load, where old ones may go on and where not',
    unit: 'upgrades',
    ...{ slice: 4, doneBy: field('upgrades'), usual: 2, target: 20 },
  },
  {
    name: 'behind-caddy',
    file: 'test/faults-postgres/behind-caddy.test.ts',
    what: 'three replicas behind Caddy, one killed, one frozen for 90 s, PostgreSQL crashed twice',
    unit: 'chats',
    ...{ ...whole(2_000), doneBy: field('chats'), usual: 400 },
  },
];

/** The vitest project of its file. */
export const projectOf = ({ file }: ReleaseSuite): string => file.split('/')[1] ?? '';
