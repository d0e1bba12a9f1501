import { inWords } from './schedule.ts';
import { progressOf, type Slice, type State } from './state.ts';
import type { ReleaseSuite } from './suites.ts';

const number = (count: number) => Math.floor(count).toLocaleString('en-US');

/** What each suite does, how often on every change, and how often before a release. */
export function describeSuites(suites: readonly ReleaseSuite[]): string {
  return [
    '| Suite (`test/…`) | What is done | On every change | Before a release |',
    '| --- | --- | ---: | ---: |',
    ...suites.map(
      ({ file, what, unit, usual, target }) =>
        `| \`${file.replace(/^test\//, '')}\` | ${what} | ${number(usual)} ${unit} | ${number(target)} |`,
    ),
  ].join('\n');
}

/** What a release run reached, from its state alone. */
export function describeRun({ machine, slices }: State, suites: readonly ReleaseSuite[]): string {
  const dates = slices.map(({ endedAt }) => endedAt.slice(0, 10)).sort();
  const commits = [...new Set(slices.map(({ commit }) => `\`${commit}\``))];
  const seconds = slices.reduce((sum, slice) => sum + slice.seconds, 0);
  const rows = suites.flatMap((suite) => {
    const ours = slices.filter((slice) => slice.suite === suite.name);
    return ours.length === 0 ? [] : [describeSuite(suite, ours)];
  });
  return [
    `${span(dates)}, commit ${commits.join(', ')}, in ${inWords(seconds)} of tests.`,
    `Node.js ${machine.node}, SQLite ${machine.sqlite}, ${machine.system}, ${machine.cpus} CPUs.`,
    '',
    '| Suite | Reached | Target | Also | Seeds | Took | Violations |',
    '| --- | ---: | ---: | --- | --- | ---: | ---: |',
    ...rows,
  ].join('\n');
}

function describeSuite({ name, unit, target }: ReleaseSuite, ours: readonly Slice[]): string {
  const { done, seconds, violations } = progressOf(ours, name);
  const seeds = ours.map(({ seed }) => seed).sort((a, b) => a - b);
  const cells = [
    name,
    `${number(done)} ${unit}`,
    number(target),
    totals(ours),
    span(seeds.map(String)),
    inWords(seconds),
    String(violations),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Counts that add up; what is a length, a size or a rate doesn't. */
const ADDS_UP =
  /^(kills|images|chats|acked|calls|attempts|stops|interrupted|powerLosses|crashes|commands|duplicates|shed|forged|accepted|refused)$/;

function totals(ours: readonly Slice[]): string {
  const sums = new Map<string, number>();
  for (const { reached } of ours) {
    for (const [suite, counts] of Object.entries(reached)) {
      const isOwn = ours.some((slice) => slice.suite === suite);
      for (const [field, count] of Object.entries(counts)) {
        if (!ADDS_UP.test(field)) continue;
        const name = isOwn ? field : `${suite}: ${field}`;
        sums.set(name, (sums.get(name) ?? 0) + count);
      }
    }
  }
  return [...sums].map(([name, sum]) => `${name} ${number(sum)}`).join(', ');
}

function span(sorted: readonly string[]): string {
  const [first = '', last = first] = [sorted[0], sorted.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** Puts a text between two markers of a page. @throws when they aren't there */
export function replaceSection(page: string, section: string, text: string): string {
  const [begin, end] = [`<!-- ${section} -->`, `<!-- /${section} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page lacks ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}
