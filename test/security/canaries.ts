import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const secretOf = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;

/** What may be nowhere: not in a line, an answer or a file. */
export const SECRETS = {
  apiKey: 'canary-apikey-Zq7xW3vT9r',
  secret: secretOf('canary-hook-A-k2Xb'),
  oldSecret: secretOf('canary-hook-B-m9Yc'),
  statusToken: 'canary-status-token-Hd83Ks02',
  metricsToken: 'canary-metrics-token-Lw71Qp55',
  alertPath: 'canary-alert-path-Tn46Vb20',
} as const;

/** What is a person's: nowhere either, but for sealed bodies. */
export const PERSON = {
  number: '+12025550177',
  email: 'canary.person.xq@example.com',
  text: 'canary text meet me at ninefourteen',
  name: 'Canary Displayname Ozx',
} as const;

/** Of our own, so it is stored; shown only masked. */
export const OWN_LINE = '+12025550137';

/** Each spelling in which a value could slip through, by what it is. */
function spellingsOf(values: Readonly<Record<string, string>>): readonly (readonly [string, Buffer])[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const raw = Buffer.from(value);
    const decoded = value.startsWith('whsec_') ? Buffer.from(value.slice('whsec_'.length), 'base64') : raw;
    const plain = value.replace(/^(\+1?|whsec_)/, '');
    const texts = [
      plain,
      decoded.toString('hex'),
      encodeURIComponent(plain),
      JSON.stringify(plain).slice(1, -1),
    ];
    // the middle of its base64, whatever stood before and after
    const base64 = [0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), decoded])
        .toString('base64')
        .slice(shift === 0 ? 0 : 4, -4),
    );
    const all = [...new Set([...texts, ...base64])].map((text) => Buffer.from(text));
    return [...all, decoded, Buffer.from(plain, 'utf16le')].map((bytes) => [name, bytes] as const);
  });
}

const HIDDEN = spellingsOf({ ...SECRETS, ...PERSON });
const MASKED = spellingsOf({ ownLine: OWN_LINE });

/** The names of what shows in some bytes. */
export function canariesIn(bytes: Buffer | string, { ownLine = false } = {}): string[] {
  const all = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
  const looked = ownLine ? [...HIDDEN, ...MASKED] : HIDDEN;
  return [...new Set(looked.filter(([, spelling]) => all.includes(spelling)).map(([name]) => name))];
}

/** Path and canaries of every file that holds any. */
export function canariesInFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => statSync(join(directory, name)).isFile())
    .flatMap((name) => canariesIn(readFileSync(join(directory, name))).map((canary) => `${name}: ${canary}`));
}
