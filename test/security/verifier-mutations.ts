import type { Seeded } from '../helpers/seed.ts';
import type { SignedCase } from './authentic.ts';
import { legacyMacOf, macOf } from './mac.ts';

type Mutate = (value: string) => string;
type Pairs = [string, string][];

const BODIES = [
  '{"event_type":"message.sent","data":{"text":"\u{1F44B} \\u00e9"}}',
  '{"event_type":"message.read","at":1762186805.5,"list":[1.5,2.5]}',
  '{}',
  '',
  '1762186805.{"event_type":"message.sent"}',
];

/**
 * Deliveries that start well signed (some with the old secret, with both, or by the deprecated scheme) and are then
 * spoilt in up to four places by somebody who knows no secret.
 */
export function createCaseMaker(seeded: Seeded, secrets: readonly string[], nowSeconds: () => number) {
  const { between, pick, random } = seeded;
  const choose = <T>(items: readonly [T, ...T[]]): T => pick(items) ?? items[0];
  let last: SignedCase | null = null;

  function signed(): SignedCase {
    const body = Buffer.from(choose(BODIES as [string, ...string[]]));
    const secret = pick(secrets) ?? '';
    const stamp = String(
      nowSeconds() + choose([0, 0, 0, -1, -299, 299, -290, 290, -301, 302, -100_000, 100_000]),
    );
    const id = `evt_${between(0, 9_999)}`;
    const standard: Pairs = [
      ['webhook-id', id],
      ['webhook-timestamp', stamp],
      ['webhook-signature', `v1,${macOf(secret, `${id}.${stamp}.`, body)}`],
    ];
    const legacy: Pairs = [
      ['x-webhook-timestamp', stamp],
      ['x-webhook-signature', legacyMacOf(secret, stamp, body)],
    ];
    return { raw: choose([standard, standard, standard, legacy, [...standard, ...legacy]]), body };
  }

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
        .fill(entry)
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

  function mutateValue(name: string, value: string): string {
    if (name.endsWith('timestamp') && random() < 0.5)
      return choose(stampMutations as [Mutate, ...Mutate[]])(value);
    if (name === 'webhook-signature' && random() < 0.6)
      return choose(macMutations as [Mutate, ...Mutate[]])(value);
    return choose(anyMutations as [Mutate, ...Mutate[]])(value);
  }

  function mutateBody(body: Buffer): Buffer {
    const at = between(0, Math.max(0, body.length - 1));
    const flipped = Buffer.from(body);
    if (flipped.length > 0) flipped[at] = (flipped[at] ?? 0) ^ (1 << between(0, 7));
    return choose<Buffer>([
      flipped,
      body.subarray(0, at),
      body.subarray(at),
      Buffer.concat([body, Buffer.from(choose([' ', '\n', '\0', '{}', 'x']))]),
      Buffer.concat([Buffer.from(choose(['\ufeff', ' ', '\r\n'])), body]),
      Buffer.from(body.toString('latin1').toUpperCase(), 'latin1'),
      Buffer.alloc(0),
    ]);
  }

  function spoil({ raw, body }: SignedCase): SignedCase {
    const pairs: Pairs = raw.map(([name, value]) => [name, value]);
    const at = between(0, pairs.length - 1);
    const [name, value] = pairs[at] ?? ['webhook-id', ''];
    switch (between(0, 9)) {
      case 0:
        return { raw: pairs, body: mutateBody(body) };
      case 1: // one less
        return { raw: pairs.filter((_pair, index) => index !== at), body };
      case 2: // one twice, the same or another
        pairs.splice(between(0, pairs.length), 0, [respell(name), choose([value, mutateValue(name, value)])]);
        return { raw: pairs, body };
      case 3: {
        // two that change places
        const other = between(0, pairs.length - 1);
        pairs[at] = [name, pairs[other]?.[1] ?? ''];
        pairs[other] = [pairs[other]?.[0] ?? name, value];
        return { raw: pairs, body };
      }
      case 4: {
        // one of another delivery that was authentic
        const theirs = last?.raw.find(([theirName]) => theirName === name)?.[1];
        pairs[at] = [name, theirs ?? mutateValue(name, value)];
        return { raw: pairs, body };
      }
      case 5: {
        // the text that is signed, cut in another place
        const [id = '', stamp = ''] = pairs.map(([, one]) => one);
        const [first = '', ...rest] = body.toString('latin1').split('.');
        const moved: Pairs = [
          ['webhook-id', `${id}.${stamp}`],
          ['webhook-timestamp', first],
          ...pairs.slice(2),
        ];
        return { raw: moved, body: Buffer.from(rest.join('.'), 'latin1') };
      }
      default:
        pairs[at] = [respell(name), mutateValue(name, value)];
        return { raw: pairs, body };
    }
  }

  const respell = (name: string) => (random() < 0.2 ? name.toUpperCase() : name);

  return (): SignedCase => {
    const good = signed();
    let spoilt = good;
    for (let left = choose([0, 1, 1, 1, 1, 2, 2, 3, 4]); left > 0; left--) spoilt = spoil(spoilt);
    last = good;
    return spoilt;
  };
}
