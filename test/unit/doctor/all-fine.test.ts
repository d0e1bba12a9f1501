import { describe, expect, it } from 'vitest';
import { maskNumber } from '../../../src/decide/text.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { judgeCards, judgeLines } from '../../../src/doctor/judge/account.ts';
import { judgeConnection, judgeName } from '../../../src/doctor/judge/address.ts';
import {
  judgeFileModes,
  judgeNativeModule,
  judgeNode,
  judgeSettings,
} from '../../../src/doctor/judge/machine.ts';
import { judgeProblems } from '../../../src/doctor/judge/service.ts';
import { judgeSecrets } from '../../../src/doctor/judge/subscriptions.ts';
import { SECRET } from '../../helpers/deliver.ts';
import {
  content,
  directory,
  LINE,
  local,
  server,
  service,
  subscriptions,
  TAKEN,
  tables,
  trip,
  trusted,
} from './examples.ts';

const statesOf = (findings: Finding | readonly Finding[]) => [findings].flat().map(({ state }) => state);

describe('what is right is fine', () => {
  it.each<[string, Finding | readonly Finding[]]>([
    ['node', judgeNode('22.1.0', null)],
    ['module', judgeNativeModule(null)],
    ['settings', judgeSettings({ mistakes: [], warnings: [] })],
    ['modes', judgeFileModes([{ path: '.env', mode: 0o600, isDirectory: false }])],
    ['no files yet', judgeFileModes([])],
    [
      'a sticky directory that all may write to',
      judgeFileModes([{ path: '/tmp', mode: 0o1777, isDirectory: true }]),
    ],
    ['directory', directory()],
    ['a directory to be made', directory({ exists: false })],
    ['database', content()],
    ['tables', tables()],
    [
      'tables to be made',
      tables({
        migrations: { state: 'pending', schemaVersion: 0, latest: 2, pending: ['a'] },
        mayUseSchema: null,
      }),
    ],
    ['server', server()],
    ['a server of this machine, through a socket', server({ tls: 'none', isLocal: true })],
    ['a server whose clock is nearly right', server({ clockAheadMs: 5_000 })],
    ['a pooler', server({ pooler: 'transaction' })],
    ['a short transaction', server({ oldestTransactionSeconds: 899 })],
    ['service', service({ kind: 'up', notReady: [] })],
    ['problems', judgeProblems({ kind: 'shown', problems: [] }, true)],
    ['lines', judgeLines([LINE], new Set([LINE]), maskNumber)],
    ['cards', judgeCards([LINE], [{ line: LINE, isActive: true }], maskNumber)],
    ['subscription', subscriptions({})],
    ['a subscription whose events Linq doesn’t tell', subscriptions({ events: null })],
    ['an old, switched-off one beside it', subscriptions({}, { isActive: false })],
    ['secret', judgeSecrets([SECRET], { authentic: 1, mismatched: 9 }, null, null)],
    ['delivery', local(TAKEN)],
    [
      'public address',
      judgeName('a.example', { kind: 'resolved', addresses: ['10.0.0.7', '203.0.113.9'] }, false),
    ],
    [
      'private address of a simulated Linq',
      judgeName('a', { kind: 'resolved', addresses: ['127.0.0.1'] }, true),
    ],
    ['connection', judgeConnection('a.example', 443, null, false)],
    ['certificate', trusted(-30, 60)],
    ['a certificate that lives six days', trusted(-4, 2)],
    ['round trip', trip({})],
    ['a slow but timely answer', trip({ plain: { ...TAKEN, tookMs: 5_000 } })],
  ])('%s', (_name, findings) => {
    expect(statesOf(findings)).toEqual(['ok']);
    expect([findings].flat()[0]).toMatchObject({ code: null, remedy: null });
  });
});
