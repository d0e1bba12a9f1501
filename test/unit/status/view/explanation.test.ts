import { describe, expect, it } from 'vitest';
import { standingHolds } from '../../../../src/decide/holds.ts';
import { maskNumber } from '../../../../src/decide/text.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { showChat } from '../../../../src/status/view/chat-view.ts';
import { SHOWN_REASONS } from '../../../../src/status/view/explanation.ts';
import { chatOf, LINE, lineOf, policyOf, T } from '../../../helpers/builders.ts';
import { BARRED, type Case, NOW } from './explanation-cases.ts';
import { SHARED } from './explanation-cases-timed.ts';

const CLOSED: readonly Case[] = [
  {
    state: 'held',
    reason: 'paused',
    when: 'paused',
    chat: chatOf(),
    account: { reason: 'paused', since: T, until: null },
    says: 'Ready to be shared, but an operator paused all sharing since 2026-11-03 16:00:00 UTC. Resume sharing to continue.',
  },
  {
    state: 'held',
    reason: 'api_key_rejected',
    when: 'waiting for its probe',
    chat: chatOf(),
    account: { reason: 'api_key_rejected', since: T, until: NOW + 5_000 },
    says: 'Ready to be shared, but Linq rejects the API key. Set a valid LINQ_API_KEY. Next probe: 2026-11-03 17:00:05 UTC (in 5 s).',
  },
  {
    state: 'held',
    reason: 'feature_disabled',
    when: 'its probe is due',
    chat: chatOf(),
    account: { reason: 'feature_disabled', since: T, until: NOW },
    says: 'Ready to be shared, but Linq says that contact cards aren’t enabled for the account. Ask Linq to enable them. A probe is due now.',
  },
  {
    state: 'held',
    reason: 'rate_limited',
    when: 'it ends by time',
    chat: chatOf(),
    account: { reason: 'rate_limited', since: T, until: NOW + 60_000 },
    says: 'Ready to be shared, but Linq asked for a pause. Sharing resumes automatically. Next try: 2026-11-03 17:01:00 UTC (in 1 min).',
  },
  {
    state: 'held',
    reason: 'api_unavailable',
    when: 'the breaker is open',
    chat: chatOf(),
    account: { reason: 'api_unavailable', since: T, until: NOW + 60_000 },
    says: 'Ready to be shared, but Linq’s API is failing. The service probes it until it recovers. Next probe: 2026-11-03 17:01:00 UTC (in 1 min).',
  },
  {
    state: 'held',
    reason: 'line_not_ours',
    when: 'Linq said so',
    chat: chatOf(),
    line: { reason: 'line_not_ours', since: T, until: T + 7 * HOUR },
    says: 'Ready to be shared, but Linq says that the chat’s line isn’t this account’s. Check the line with Linq, then release it. Next probe: 2026-11-03 23:00:00 UTC (in 6 h).',
  },
  {
    state: 'held',
    reason: 'line_flagged',
    when: 'flagged',
    chat: chatOf(),
    line: { reason: 'line_flagged', since: T, until: T + 7 * HOUR },
    says: 'Ready to be shared, but Linq flagged the chat’s line. A successful probe or releasing the line ends this. Next probe: 2026-11-03 23:00:00 UTC (in 6 h).',
  },
  {
    state: 'held',
    reason: 'line_paused',
    when: 'it ends by time',
    chat: chatOf(),
    line: { reason: 'line_paused', since: T, until: NOW + 30 * MINUTE },
    says: 'Ready to be shared, but Linq has paused the chat’s line for a while. Sharing resumes automatically. Next try: 2026-11-03 17:30:00 UTC (in 30 min).',
  },
  {
    state: 'held',
    reason: 'card_missing',
    when: 'there is none',
    chat: chatOf(),
    line: { reason: 'card_missing', since: T, until: null },
    says: 'Ready to be shared, but the chat’s line has no contact card. Create one with `contact-card-reactor setup` or in the Linq dashboard.',
  },
  {
    state: 'held',
    reason: 'card_inactive',
    when: 'a retry waits behind it too',
    chat: chatOf({ failures: 1, retryAt: NOW + MINUTE, retryReason: 'backoff' }),
    line: { reason: 'card_inactive', since: T, until: null },
    says: 'Ready to be shared, but the contact card of the chat’s line isn’t active yet. Sharing resumes when Linq has activated it.',
  },
  {
    state: 'held',
    reason: 'card_unknown',
    when: 'nobody looked yet',
    chat: chatOf(),
    line: { reason: 'card_unknown', since: null, until: null },
    says: 'Ready to be shared, but the contact card of the chat’s line couldn’t be checked yet. The service tries again soon.',
  },
];

const CASES = [...BARRED, ...SHARED, ...CLOSED];

describe('the explanation of a chat', () => {
  it.each(CASES)('says what $state ($reason) means when $when', (one) => {
    const shown = showChat(one.chat, {
      now: one.now ?? NOW,
      holds: standingHolds({
        account: one.account ?? null,
        lines: [{ line: lineOf({ line: LINE }), hold: one.line ?? null }],
      }),
      policy: policyOf(one.policy),
      showLine: maskNumber,
    });
    expect(shown).toMatchObject({ state: one.state, reason: one.reason, explanation: one.says });
  });

  it('is there for every reason', () => {
    expect(new Set(CASES.map(({ reason }) => reason))).toEqual(new Set(SHOWN_REASONS));
  });
});
