import type { Seeded } from '../helpers/seed.ts';
import type { SignedCase } from './authentic.ts';
import { createValueMutator } from './header-mutations.ts';
import { legacyMacOf, macOf } from './mac.ts';

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
  const mutateValue = createValueMutator(seeded);
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
