import { legacyMacOf, macOf } from './mac.ts';

/** Headers in the order and the spelling in which they came. */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

export interface SignedCase {
  readonly raw: RawHeaders;
  readonly body: Buffer;
}

export interface Judge {
  readonly secrets: readonly string[];
  readonly acceptsLegacy: boolean;
  readonly nowSeconds: number;
}

const STANDARD = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
const LEGACY = ['x-webhook-timestamp', 'x-webhook-signature'] as const;
const IN_ID = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Whether a delivery is authentic and fresh, told by holding the keys: the MACs it should carry are made and looked
 * for, so this shares neither parsing nor comparing with the code under test.
 */
export function isAuthentic({ raw, body }: SignedCase, judge: Judge): boolean {
  const lower = raw.map(([name, value]) => [name.toLowerCase(), value] as const);
  const values = (name: string) => lower.filter(([key]) => key === name).map(([, value]) => value);
  const only = (name: string) => (values(name).length === 1 ? (values(name)[0] ?? '') : '');
  const { secrets, nowSeconds, acceptsLegacy } = judge;
  const isFresh = (stamp: string) => Math.abs(nowSeconds - Number(stamp)) <= 300;

  if (STANDARD.some((name) => values(name).length > 0)) {
    const [id, stamp, signature] = STANDARD.map(only) as [string, string, string];
    if (!isId(id) || !isStamp(stamp) || !isFresh(stamp) || signature.length > 4096) return false;
    const entries = signature.split(' ');
    return (
      entries.length <= 16 &&
      secrets.some((one) => entries.includes(`v1,${macOf(one, `${id}.${stamp}.`, body)}`))
    );
  }
  const [stamp, signature] = LEGACY.map(only) as [string, string];
  if (!acceptsLegacy || !isStamp(stamp) || !isFresh(stamp)) return false;
  const hex = signature.startsWith('sha256=') ? signature.slice('sha256='.length) : signature;
  return secrets.some((one) => hex.toLowerCase() === legacyMacOf(one, stamp, body) && isAscii(hex));
}

const isId = (id: string) =>
  id.length > 0 && id.length <= 256 && [...id].every((sign) => IN_ID.includes(sign));
/** As a whole number is written, and no other way. */
const isStamp = (stamp: string) =>
  stamp.length <= 12 &&
  String(Number(stamp)) === stamp &&
  Number(stamp) >= 0 &&
  !stamp.includes('.') &&
  Number.isFinite(Number(stamp)) &&
  stamp !== '-0';
const isAscii = (text: string) => [...text].every((sign) => sign <= '\x7f');
