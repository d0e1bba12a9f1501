import type { ProblemNotes } from './problem-notes.ts';

/** Problems that Linq's answers and webhooks tell of. */
export const LINQ_NOTES: ProblemNotes = {
  api_key_rejected: {
    seen: 'Every share waits: chats show `held`, reason `api_key_rejected`. Catch-up waits, too. Webhooks are still taken in, since they need no key.',
    confirm: '`contact-card-reactor doctor` asks Linq with the configured key and says what Linq answers.',
    steps: [
      'Copy a valid API key from the Linq dashboard.',
      'Put it into `LINQ_API_KEY`, or into the file that `LINQ_API_KEY_FILE` names. `contact-card-reactor config show` tells where the one in force comes from.',
      'Restart the service. It tries the key at once.',
    ],
    clears:
      'When Linq takes the key. The present one is tried again after 5 seconds, then at growing intervals up to 5 minutes.',
    lost: 'Nothing. What becomes due is shared afterwards, oldest first and paced.',
  },
  feature_disabled: {
    seen: 'Linq refused a share with code 2011. All chats show `held`, reason `feature_disabled`.',
    confirm:
      '`contact-card-reactor chat show CHAT_ID` of a chat that was tried shows an attempt with `linqCode` 2011, with its trace id for Linq’s support.',
    steps: [
      'Ask Linq to enable contact cards (Name and Photo Sharing) for the account.',
      'Restart the service, so that the next chat that is due is tried at once; or wait up to an hour.',
    ],
    clears:
      'With the first share that Linq takes. That needs a chat that is due: while none is, the problem stays.',
    lost: 'Nothing, unless chats go idle meanwhile (RESHARE_IDLE_AFTER); they are shared after their next outbound message.',
  },
  api_unavailable: {
    seen: 'Five different chats in a row failed for the first time: no answer, an error of Linq’s, or an answer that isn’t Linq’s. Five chats in a row that Linq refuses, for whatever reason, count, too: then the base URL or the key’s account is probably wrong. It is a warning for ten minutes, then an error.',
    confirm:
      '`contact-card-reactor doctor` calls Linq and tells what comes back. `contact-card-reactor chat show CHAT_ID` shows the status and code of the latest attempts.',
    steps: [
      'Check that this machine reaches the internet, and DNS.',
      'Check `LINQ_API_BASE_URL`; unset it if you don’t need another address. Restart the service after a change.',
      'Look whether Linq reports an outage. If it does, there is nothing to do but wait.',
    ],
    clears:
      'By itself: one call is tried after a second, then at growing intervals up to a minute, and the first answer that is as it should be ends it. A chat that wasn’t tried yet goes first, within seconds. After five refused chats only a share that works ends it.',
    lost: 'Nothing. The refusals of those five calls are undone.',
  },
  rate_limited: {
    seen: 'Linq answered 429, or 503 with `Retry-After`. All calls wait; chats show `held`, reason `rate_limited`, with the time of the next attempt.',
    confirm: '`contact-card-reactor chat list --reason rate_limited` shows until when.',
    steps: [
      'Wait: it ends at the time that Linq named, at most 24 hours ahead.',
      'If it comes back often, lower `SHARE_RATE_PER_LINE` and `SHARE_CONCURRENCY` and restart the service, or ask Linq for a higher limit.',
    ],
    clears: 'By itself, over a restart too. A restart doesn’t shorten it.',
    lost: 'Nothing.',
  },
  card_missing: {
    seen: 'Linq has no contact card for the line. Its chats show `held`, reason `card_missing`. Other lines go on.',
    confirm:
      '`contact-card-reactor line list` shows each line’s card and when it was looked at; `contact-card-reactor doctor` asks Linq for all of them.',
    steps: [
      'Run `contact-card-reactor setup`, which shows the lines and offers to create a card; or set it up in the Linq dashboard.',
      'Wait up to 2 minutes, or use `contact-card-reactor line release LINE`, which looks at once.',
      'If the line is to have no card, list the others in `LINQ_LINES` and restart the service.',
    ],
    clears: 'At the first look that finds an active card. A look is made every 2 minutes.',
    lost: 'Nothing. The line’s chats are shared afterwards, oldest first and paced.',
  },
  card_inactive: {
    seen: 'The line’s card exists, but Linq hasn’t applied it (`is_active` is false). Its chats show `held`, reason `card_inactive`.',
    confirm:
      '`contact-card-reactor line list` shows each line’s card; `contact-card-reactor doctor` asks Linq.',
    steps: [
      'Wait a few minutes after a card was created: Linq activates it by itself as a rule.',
      'If it stays inactive, save the card again in the Linq dashboard, or ask Linq’s support.',
      'Wait up to 2 minutes, or use `contact-card-reactor line release LINE`, which looks at once.',
    ],
    clears: 'At the first look that finds it active. A look is made every 2 minutes.',
    lost: 'Nothing.',
  },
  line_flagged: {
    seen: 'A webhook said that the line is FLAGGED, or its reputation CRITICAL. Its chats show `held`, reason `line_flagged`. Other lines go on.',
    confirm:
      'The Linq dashboard shows the line’s status. `contact-card-reactor line list` shows the hold and when it is tried next.',
    steps: [
      'See what Linq says of the line, and send less from it for a while.',
      'When Linq says that it is well, use `contact-card-reactor line release LINE` if the hold hasn’t ended by then.',
    ],
    clears:
      'When a webhook says that the line is ACTIVE and its reputation is no longer CRITICAL, or when the one chat that is tried every 6 hours is shared. If Linq flags the line again, it comes back.',
    lost: 'Nothing.',
  },
  line_paused: {
    seen: 'Linq refused a share with code 2027 or 4002: the line can’t be used for now. Its chats show `held`, reason `line_paused`.',
    confirm: '`contact-card-reactor line list` shows until when.',
    steps: [
      'Wait. The first pause lasts 30 minutes; each one that follows before a share works is twice as long, up to 6 hours.',
      'If you know that the line works again, use `contact-card-reactor line release LINE`.',
    ],
    clears: 'At its end, or at once when a webhook says that the line is ACTIVE.',
    lost: 'Nothing.',
  },
  line_not_ours: {
    seen: 'Linq refused a share with code 2006: the number isn’t this account’s. Its chats show `held`, reason `line_not_ours`.',
    confirm: '`contact-card-reactor doctor` compares the account’s lines with those that are in use here.',
    steps: [
      'If `LINQ_API_KEY` is of another account, put in the right one and restart the service.',
      'If the account has got the line back, use `contact-card-reactor line release LINE`.',
      'If the account gave the line up, list the lines that are left in `LINQ_LINES` and restart the service.',
    ],
    clears:
      'With the first share of the line that Linq takes. One chat is tried every 6 hours, and after a restart.',
    lost: 'Nothing on other lines.',
  },
  subscription_missing: {
    seen: 'Linq has no webhook subscription whose address is `PUBLIC_URL` with `/webhooks/linq`, or the one it has doesn’t carry `message.sent`. New messages go unnoticed until the next catch-up.',
    confirm: '`contact-card-reactor doctor` lists what leads here and what is wrong with it.',
    steps: [
      'Check `PUBLIC_URL`: scheme, host and path have to be those that Linq calls.',
      'Run `contact-card-reactor setup`. It creates the subscription, or completes the one that is there, and saves its signing secret.',
      'Restart the service, so that it knows the secret.',
      'Run `contact-card-reactor catch-up`, which reads what was missed.',
    ],
    clears:
      'At the next look that finds one. A look is made at each start, every hour, and with each catch-up.',
    lost: 'Nothing for good: catch-up reads it. First shares come late by up to `CATCH_UP_EVERY`.',
  },
  subscription_inactive: {
    seen: 'The subscription for this service is there, but switched off. Somebody did that, or Linq did after many failed deliveries.',
    confirm: '`contact-card-reactor doctor`, or the Linq dashboard.',
    steps: [
      'Run `contact-card-reactor doctor` and mend what it finds on the way from `PUBLIC_URL` to the service.',
      'Run `contact-card-reactor setup`, which switches the subscription on again.',
      'Run `contact-card-reactor catch-up`, which looks at the subscription again and reads what was missed.',
    ],
    clears: 'At the next look that finds it active: at each start, every hour, and with each catch-up.',
    lost: 'Nothing for good: catch-up reads it.',
  },
  webhooks_silent: {
    seen: 'While the service was up, no authentic delivery came for `WEBHOOKS_SILENT_AFTER`. Either nothing was sent and nobody wrote, or deliveries don’t arrive.',
    confirm:
      'Send a message from one of your lines, and see whether `webhooks.lastAcceptedAt` of `contact-card-reactor status --json` moves.',
    steps: [
      'Run `contact-card-reactor doctor`. It checks the subscription, and the way from `PUBLIC_URL` to the service with a signed test delivery.',
      'Mend what it finds.',
      'Run `contact-card-reactor catch-up`, which reads what was missed.',
      'If your account is quiet for so long at times, raise `WEBHOOKS_SILENT_AFTER` and restart the service.',
    ],
    clears: 'With the next authentic delivery of Linq. The test delivery of `doctor` doesn’t count.',
    lost: 'Nothing for good: catch-up reads what webhooks missed every `CATCH_UP_EVERY`.',
  },
  signature_failures: {
    seen: 'Three deliveries in a row, or ten single ones within 15 minutes, had a signature that doesn’t match or is too old. They are answered 401, and Linq doesn’t repeat them. As long as nothing of Linq’s was accepted since the start, the first signature that doesn’t match is enough, and it is an error: then nothing gets through at all.',
    confirm:
      'The service log says for each (`delivery.rejected`) whether the signature didn’t match or was stale, and by how many seconds.',
    steps: [
      'Run `contact-card-reactor doctor`. It checks the clock, and with a signed test delivery whether a proxy changes bodies.',
      'If signatures are stale, synchronise the clock (NTP).',
      'If they don’t match, put the subscription’s signing secret into `LINQ_WEBHOOK_SECRET` and restart the service. Linq shows it only once: `contact-card-reactor setup --recreate` makes a new subscription with a new one.',
      'If a proxy changes bodies, let it pass them on as they are.',
      'Run `contact-card-reactor catch-up`, which reads what was missed.',
    ],
    clears:
      'With the next authentic delivery, one of `doctor` among them. If failures come again and again between deliveries that pass (a proxy changes some, say), when none came for 15 minutes. A restart begins the count anew, and shows a warning until a delivery decides. If somebody else sends forgeries, nothing needs to be done: they are refused.',
    lost: 'Nothing for good: catch-up reads what was refused, if it was Linq’s.',
  },
  catch_up_failing: {
    seen: 'Reading from Linq’s API what webhooks missed was given up three times in a row, or has failed for two hours. A try is given up after five calls in a row that failed, or at once when Linq refuses what it asks for; a restart neither counts nor ends the count.',
    confirm:
      'The cause is in the message: a status (`http_503`), a code of Linq’s (`linq_3006`), or an error of the connection. `catch-up.failed` in the service log has it, too.',
    steps: [
      'Run `contact-card-reactor doctor`. It calls Linq’s API and says what comes back.',
      'Check `LINQ_API_BASE_URL` and that this machine reaches the internet.',
      'Run `contact-card-reactor catch-up`: it is tried at once, and goes on where it was.',
      'If Linq refuses the call again and again, report it with the code.',
    ],
    clears:
      'With the first run that completes. It is tried again by itself, at growing intervals up to 15 minutes.',
    lost: 'What webhooks missed while the service was down isn’t known until then. Webhooks themselves go on.',
  },
};
