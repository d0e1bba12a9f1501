import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { maskNumber } from '../../../src/decide/text.ts';
import { decideVerdict, type Finding, fine, found, skipped } from '../../../src/doctor/finding.ts';
import { judgeCards, judgeClock, judgeLinqFailure, offBy } from '../../../src/doctor/judge/account.ts';
import { judgeFileModes } from '../../../src/doctor/judge/machine.ts';
import { judgeProblems } from '../../../src/doctor/judge/service.ts';
import { judgeSecrets } from '../../../src/doctor/judge/subscriptions.ts';
import { noteSecretOwner, readSecretNote } from '../../../src/setup/env-edit.ts';
import { SECRET } from '../../helpers/deliver.ts';
import {
  answered,
  certificate,
  content,
  ELSEWHERE,
  LINE,
  NOW,
  service,
  subscriptions,
  subscriptionsFor,
  trusted,
} from './examples.ts';

const codesOf = (findings: Finding | readonly Finding[]) => [findings].flat().map(({ code }) => code);
const statesOf = (findings: Finding | readonly Finding[]) => [findings].flat().map(({ state }) => state);

describe('the clock', () => {
  const reading = (offMs: number) => ({ serverAt: NOW + offMs, requestedAt: NOW, receivedAt: NOW + 200 });

  it.each([
    [0, 0],
    [-1_000, 0],
    [-31_000, -30_000],
    [200, 0],
    [30_200, 30_000],
  ])('with a Date %d ms from the request is off by %d ms', (offMs, sure) => {
    expect(offBy(reading(offMs))).toBe(sure);
  });

  it('may be off by 30 s and no more', () => {
    expect(statesOf(judgeClock(reading(30_200), 300_000, false))).toEqual(['ok']);
    expect(codesOf(judgeClock(reading(30_201), 300_000, false))).toEqual(['clock_wrong']);
    expect(codesOf(judgeClock(reading(-31_001), 300_000, false))).toEqual(['clock_wrong']);
  });

  it('that is off beyond the tolerance has deliveries refused', () => {
    expect(judgeClock(reading(-302_000), 300_000, false).message).toContain('look stale and are refused');
    expect(judgeClock(reading(-200_000), 300_000, false).message).not.toContain('stale');
    expect(judgeClock(reading(-200_000), 300_000, false).message).toContain('ahead of');
  });

  it('of the machine stops no sharing if the database has a clock of its own', () => {
    expect(judgeClock(reading(-302_000), 300_000, false).message).toContain('sharing waits');
    expect(judgeClock(reading(-200_000), 300_000, false).message).toContain('sharing waits');
    expect(judgeClock(reading(-302_000), 300_000, true).message).not.toContain('waits');
    expect(judgeClock(reading(-302_000), 300_000, true).message).toContain('look stale and are refused');
    expect(judgeClock(reading(-200_000), 300_000, true).message).not.toMatch(/waits|refused/);
  });
});

describe("Linq's API", () => {
  const foreign = { hasEnvelope: false, isJson: true };

  it.each([400, 401, 403, 404, 422, 302])("isn't what answers %d in a form that isn't Linq's", (status) => {
    expect(codesOf(answered(status, foreign))).toEqual(['api_intercepted']);
    expect(codesOf(answered(status, foreign, ELSEWHERE))).toEqual(['api_base_url_wrong']);
    expect(decideVerdict([answered(status, foreign)], false)).toBe('unreachable');
  });

  it.each([401, 403])('rejects the key when Linq itself answers %d', (status) => {
    expect(codesOf(answered(status))).toEqual(['api_key_rejected']);
  });

  it('that can’t be reached is tried with curl on the way that the service takes', () => {
    const silent = (cause: string, proxy: string | null) =>
      judgeLinqFailure({ kind: 'unanswered', mayHaveArrived: false, cause }, { ...ELSEWHERE, proxy }).remedy;
    expect(silent('timeout', null)).toContain("curl -sS --noproxy '*' -o");
    expect(silent('timeout', 'http://proxy:3128')).toContain('curl -sS --proxy http://proxy:3128 -o');
    expect(silent('tls', null)).not.toContain('curl -');
  });

  it('fails when it refuses the call in its own form', () => {
    expect(codesOf(answered(409, { linqCode: 2015 }))).toEqual(['api_failing']);
  });
});

describe('several things wrong at once', () => {
  it('of files are each told, with the command that rights them', () => {
    const findings = judgeFileModes([
      { path: '.env', mode: 0o644, isDirectory: false },
      { path: 'data/it is.db', mode: 0o606, isDirectory: false },
      { path: 'data/reactor.db-wal', mode: 0o660, isDirectory: false },
      { path: 'data', mode: 0o757, isDirectory: true },
    ]);
    expect(findings.map(({ remedy }) => remedy)).toEqual([
      "Run `chmod 600 .env 'data/it is.db'`.",
      'Run `chmod 600 data/reactor.db-wal`.',
      'Run `chmod go-w data`.',
    ]);
  });

  it('of lines are told line by line, those that are right together', () => {
    const lines = ['+12025550100', '+12025550101', '+12025550102', '+12025550103'];
    const cards = [
      { line: '+12025550100', isActive: true },
      { line: '+12025550101', isActive: false },
      { line: '+12025550103', isActive: true },
    ];
    expect(
      judgeCards(lines, cards, maskNumber).map(({ code, details }) => [code, details.line ?? details.active]),
    ).toEqual([
      ['card_inactive', '+1•••••0101'],
      ['card_missing', '+1•••••0102'],
      [null, ['+1•••••0100', '+1•••••0103']],
    ]);
  });

  it('of a subscription are each told', () => {
    const bad = {
      targetUrl: 'https://CARDS.example.com/webhooks/linq/',
      events: ['message.sent'],
      lines: [LINE],
    };
    expect(codesOf(subscriptions(bad, { ...bad }))).toEqual([
      'subscription_duplicate',
      'subscription_incomplete',
      'subscription_unpinned',
      'subscription_limited',
    ]);
  });

  it('of a subscription that covers each line on which we share is none', () => {
    const [one, other] = [LINE, '+12025550101'];
    expect(codesOf(subscriptionsFor([one], { lines: [one] }))).toEqual([null]);
    expect(codesOf(subscriptionsFor([one, other], { lines: [one] }, { lines: [other] }))).toEqual([
      'subscription_duplicate',
    ]);
    const [limited] = subscriptionsFor([one, other], { lines: [one] });
    expect(limited).toMatchObject({
      code: 'subscription_limited',
      message: expect.stringContaining('+1•••••0101'),
    });
  });
});

describe('a database', () => {
  it('that SQLite complains of is damaged', () => {
    expect(codesOf(content({ quickCheck: 'row 3 missing from index' }))).toEqual(['database_damaged']);
  });

  it('with migrations to come says who has to make them', () => {
    expect(content({ pending: ['a'] }, true).remedy).toContain('restart the service');
    expect(content({ pending: ['a'] }, false).remedy).toContain('contact-card-reactor migrate');
  });
});

it('a service that isn’t meant to run is no error while it doesn’t', () => {
  const down = { kind: 'silent', cause: 'ECONNREFUSED' } as const;
  expect(statesOf(service(down, { isExpected: false }))).toEqual(['skipped']);
});

it('a service that is closed is opened from its machine only if it has a token for that', () => {
  const remedyOf = (hasCliToken: boolean) =>
    judgeProblems({ kind: 'refused', httpStatus: 401 }, hasCliToken).map(({ remedy }) => remedy);
  expect(remedyOf(true)).toEqual([expect.stringContaining('on its machine')]);
  expect(remedyOf(false)).toEqual([
    expect.stringMatching(/^Set STATUS_TOKEN for the service, and the same here/),
  ]);
});

it.each([
  [0, 'GET /status gave no answer.'],
  [200, 'GET /status answered in a form that this version doesn’t know.'],
  [503, 'GET /status answered HTTP 503.'],
])('a status that can’t be read for another reason (%d) says nothing of the token', (httpStatus, message) => {
  const findings = judgeProblems({ kind: 'refused', httpStatus }, true);
  expect(findings).toMatchObject([{ id: 'problems', state: 'skipped', message }]);
});

it('a number that the service tells in full is masked', () => {
  const [finding] = judgeProblems(
    {
      kind: 'shown',
      problems: [
        {
          code: 'line_paused',
          severity: 'warning',
          since: '',
          line: LINE,
          message: `${LINE} waits.`,
          remedy: LINE,
        },
      ],
    },
    true,
  );
  expect(finding).toMatchObject({ message: 'line_paused: +1•••••0100 waits.', remedy: '+1•••••0100' });
  expect(finding?.details).toMatchObject({ line: '+1•••••0100', problem: 'line_paused' });
});

describe('a secret', () => {
  it.each([
    [
      'of fewer bytes than Linq issues',
      [`whsec_${Buffer.from('twenty-four bytes, as is').toString('base64')}`],
    ],
    ['twice', [SECRET, SECRET]],
    ['of one letter', [`whsec_${Buffer.alloc(32, 1).toString('base64')}`]],
  ])('%s is suspect, and never told', (_name, secrets) => {
    const [finding] = judgeSecrets(secrets, null, null, null);
    expect(finding?.code).toBe('secret_suspect');
    for (const secret of secrets) expect(JSON.stringify(finding)).not.toContain(secret.slice(6, 20));
  });

  const noteOf = (secret: string) => readSecretNote(noteSecretOwner('', secret, 's1'));
  const codeOf = (secrets: readonly string[], noted: string, own: readonly string[] | null) =>
    judgeSecrets(secrets, null, noteOf(noted), own)[0]?.code ?? null;
  const ANOTHER = `whsec_${randomBytes(32).toString('base64')}`;

  it.each([
    ['is that which setup saved', [SECRET], SECRET, ['s1'], null],
    ['is an old one beside that which setup saved', [ANOTHER, SECRET], SECRET, ['s1'], null],
    ['is another one than setup saved', [ANOTHER], SECRET, ['s1'], 'secret_differs'],
    ['is another one, and Linq tells nothing', [ANOTHER], SECRET, null, 'secret_differs'],
    ['is another one, of a subscription made by hand', [ANOTHER], SECRET, ['s2'], null],
    ['is that of a subscription in whose place is another', [SECRET], SECRET, ['s2'], 'secret_orphaned'],
    ['is that of a subscription that is gone, beside another one', [SECRET, ANOTHER], SECRET, ['s2'], null],
    ['is that of a subscription that is gone, and none is there', [SECRET], SECRET, [], null],
    ['can’t be used', [], SECRET, ['s1'], null],
  ])('that %s is judged by what setup noted', (_name, secrets, noted, own, code) => {
    expect(codeOf(secrets, noted, own)).toBe(code);
  });

  it('that signed what the service took isn’t blamed for a note that Linq can’t confirm', () => {
    const proven = { authentic: 1, mismatched: 0 };
    expect(statesOf(judgeSecrets([ANOTHER], proven, noteOf(SECRET), null))).toEqual(['ok']);
    expect(judgeSecrets([ANOTHER], proven, noteOf(SECRET), ['s1'])[0]?.code).toBe('secret_differs');
  });

  it('isn’t blamed for two refused deliveries, nor for any once one was authentic', () => {
    expect(statesOf(judgeSecrets([SECRET], { authentic: 0, mismatched: 2 }, null, null))).toEqual(['ok']);
    expect(statesOf(judgeSecrets([SECRET], { authentic: 1, mismatched: 50 }, null, null))).toEqual(['ok']);
  });
});

describe('a certificate', () => {
  it.each(['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'])(
    '%s is of an unknown authority',
    (cause) => {
      expect(codesOf(certificate(cause))).toEqual(['certificate_unknown_authority']);
    },
  );

  it('expires soon in its last week, or in the last fifth of a short life', () => {
    expect(codesOf(trusted(-83, 7))).toEqual([null]);
    expect(codesOf(trusted(-83, 6.9))).toEqual(['certificate_expires_soon']);
    expect(codesOf(trusted(-5, 1))).toEqual(['certificate_expires_soon']);
  });
});

describe('the verdict', () => {
  const ok = fine('node', 'x.');
  const warning = found('disk_low', 'x.', 'x.');
  const error = found('redirected', 'x.', 'x.');
  const unreachable = found('service_down', 'x.', 'x.');
  const settings = found('settings_wrong', 'x.', 'x.');

  it('is what is to be set right first', () => {
    expect(decideVerdict([ok, skipped('clock', 'x.')], true)).toBe('fine');
    expect(decideVerdict([ok, warning], false)).toBe('fine');
    expect(decideVerdict([ok, warning], true)).toBe('degraded');
    expect(decideVerdict([error, warning], false)).toBe('degraded');
    expect(decideVerdict([error, unreachable], false)).toBe('unreachable');
    expect(decideVerdict([error, unreachable, settings], false)).toBe('configuration');
  });
});
