import { createHash } from 'node:crypto';

/**
 * Linq never says again which subscription a secret belongs to, so a comment in the settings file does. Its check
 * number ties it to the secret: after somebody put another one there by hand, the note says nothing.
 * @throws {TypeError} for an id that would break out of its line
 */
export function noteSecretOwner(text: string, secret: string, subscriptionId: string): string {
  if (!/^[\x21-\x7e]+$/.test(subscriptionId)) throw new TypeError('this is no id of a subscription');
  const note = `# LINQ_WEBHOOK_SECRET: its first secret (check ${checkOf(secret)}) is that of webhook subscription ${subscriptionId}.`;
  if (NOTE.test(text)) return text.replace(NOTE, () => note);
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const at = /^\s*(?:export\s+)?LINQ_WEBHOOK_SECRET\s*=/m.exec(text)?.index ?? text.length;
  const before = text.slice(0, at);
  const isWhole = before === '' || before.endsWith('\n');
  return `${before}${isWhole ? '' : lineBreak}${note}${lineBreak}${text.slice(at)}`;
}

/** The subscription that the note names, and whether its secret is this one; null: nothing is noted. */
export function readSecretNote(text: string) {
  const [, check, subscriptionId] = NOTE.exec(text) ?? [];
  if (check === undefined || subscriptionId === undefined) return null;
  return { subscriptionId, isOf: (secret: string) => checkOf(secret) === check };
}

/** The subscription that the note names, if it is about this secret; else null. */
export function findSecretOwner(text: string, secret: string): string | null {
  const note = readSecretNote(text);
  return note?.isOf(secret) ? note.subscriptionId : null;
}

const NOTE =
  /^# LINQ_WEBHOOK_SECRET: its first secret \(check ([0-9a-f]{8})\) is that of webhook subscription (\S+)\.(?=\r?$)/m;

/** 32 bits of a secret of at least 192: enough to tell two apart, nothing to guess it from. */
function checkOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}
