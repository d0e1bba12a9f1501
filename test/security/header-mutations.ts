import type { Seeded } from '../helpers/seed.ts';

type Mutate = (value: string) => string;

/** Spoils a signature header's value in one of the ways that have broken verifiers elsewhere. */
export function createValueMutator({ between, pick, random }: Seeded) {
  const choose = <T>(items: readonly [T, ...T[]]): T => pick(items) ?? items[0];

  const stampMutations: readonly Mutate[] = [
    (at) => `+${at}`,
    (at) => `-${at}`,
    (at) => `0${at}`,
    (at) => `${at}.0`,
    (at) => `${at}e0`,
    (at) => `${Number(at) / 10}e1`,
    (at) => `0x${Number(at).toString(16)}`,
    (at) => `${at}000`,
    (at) => at.replace(/\d/, (digit) => String.fromCodePoint(0x660 + Number(digit))),
    (at) => at.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    (at) =>
      Buffer.from(at.replace(/\d/, (digit) => String.fromCodePoint(0x966 + Number(digit)))).toString(
        'latin1',
      ),
    (at) => `${at.slice(0, 3)}_${at.slice(3)}`,
    () =>
      choose([
        'NaN',
        'Infinity',
        '-1',
        '0',
        '-0',
        String(2 ** 31),
        String(2 ** 53),
        String(2 ** 64),
        '1e9',
        'null',
      ]),
    (at) => String(Number(at) + choose([-1, 1, 600, -600])),
  ];

  const macMutations: readonly Mutate[] = [
    (entry) =>
      entry.replace('v1,', choose(['V1,', 'v2,', 'v1a,', 'v1=', 'v1', 'v1,,', 'v1, ', ' v1,', 'v1;', ''])),
    (entry) => entry.replaceAll('+', '-').replaceAll('/', '_'),
    (entry) => entry.replace(/=$/, ''),
    (entry) => `${entry}=`,
    (entry) => `${entry},`,
    (entry) => `${entry}${entry}`,
    (entry) => `${entry},${entry}`,
    (entry) => entry.replace(/.=$/, choose(['B=', 'A=', '==', '==='])),
    (entry) => `v1,${Buffer.from(entry.slice(3), 'base64').toString('hex')}`,
    (entry) => `v1,${Buffer.from(entry.slice(3), 'base64').subarray(0, between(0, 31)).toString('base64')}`,
    (entry) =>
      `v1,${Buffer.concat([Buffer.from(entry.slice(3), 'base64'), Buffer.of(0)]).toString('base64')}`,
    (entry) => entry.toLowerCase(),
    (entry) => entry.toUpperCase(),
    (entry) =>
      Array(choose([2, 15, 16, 17, 500, 10_000]))
        .fill(entry.slice(0, 200)) // a list of lists of lists would outgrow what a string can hold
        .join(' '),
    (entry) => [...junkEntries(), entry].join(choose([' ', ' ', ' ', ',', ', ', '\t', '  '])),
    (entry) => [entry, ...junkEntries()].join(' '),
    () => junkEntries().join(' '),
  ];

  const anyMutations: readonly Mutate[] = [
    (value) => flipBit(value),
    (value) => value.slice(0, between(0, value.length)),
    (value) => value.slice(between(0, 3)),
    (value) => value + value,
    (value) =>
      choose([` ${value}`, `${value} `, `\t${value}`, `${value}\t`, `\u00a0${value}`, `${value}\u0000`]),
    (value) => `${value.slice(0, value.length / 2)} ${value.slice(value.length / 2)}`,
    () => '',
    (value) => value.normalize('NFKD').replace('e', 'é'),
    (value) => `${value}.${between(0, 9)}`,
    () => 'x'.repeat(choose([256, 257, 4096, 4097])),
    (value) => `"${value}"`,
    () => choose(['__proto__', 'constructor', 'toString', 'undefined', 'null', '%00', '[object Object]']),
  ];

  function junkEntries(): string[] {
    const junk = () =>
      choose([
        'v1',
        'v1,',
        ',',
        'v2,abc',
        'v1a,x',
        `v1,${Buffer.alloc(32, between(0, 255)).toString('base64')}`,
      ]);
    return Array.from({ length: choose([1, 2, 14, 15, 16, 40]) }, junk);
  }

  function flipBit(value: string): string {
    if (value === '') return value;
    const at = between(0, value.length - 1);
    return (
      value.slice(0, at) +
      String.fromCharCode(value.charCodeAt(at) ^ (1 << between(0, 7))) +
      value.slice(at + 1)
    );
  }

  return function mutateValue(name: string, value: string): string {
    if (name.endsWith('timestamp') && random() < 0.5)
      return choose(stampMutations as [Mutate, ...Mutate[]])(value);
    if (name === 'webhook-signature' && random() < 0.6)
      return choose(macMutations as [Mutate, ...Mutate[]])(value);
    return choose(anyMutations as [Mutate, ...Mutate[]])(value);
  };
}
