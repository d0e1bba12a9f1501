/** What one line can't tell, by the setting's name. */
export const SETTING_NOTES: Readonly<Record<string, string>> = {
  LINQ_API_KEY:
    'Linq’s keys can read and write everything in the account; there are none that can only read. Keep it in a file of mode 0600, or name such a file in `LINQ_API_KEY_FILE`.',
  LINQ_WEBHOOK_SECRET:
    'Linq shows the secret once, when the subscription is created; `contact-card-reactor setup` saves it. To rotate, create a second subscription, put its secret before the old one and restart; then delete the old subscription, and a day later its secret. Deliveries in quarantine can only be read with the secret that verified them.',
  LINQ_API_BASE_URL:
    'Only an address on this machine may be plain `http`, since the key goes along with every call. `contact-card-reactor simulate` prints the one of a simulated Linq.',
  HTTPS_PROXY:
    'Read as curl reads it: the lower-case name wins over the upper-case one, and the environment over `.env`. Without `http://` in front it is `http://`; without a port, 80 or 443. Write special characters of the user name and password as in an address (`@` as `%40`). `config show` tells host and port alone. Certificates are checked through the proxy as without it; if it opens TLS, name the certificate of its authority in `NODE_EXTRA_CA_CERTS` in the environment: Node.js doesn’t read that from `.env`. What is on this machine is always called directly. `ALL_PROXY` and SOCKS aren’t supported.',
  HTTP_PROXY:
    'Unlike curl, the upper-case name counts, too. Linq is never called by http, so this is only for an `ALERT_WEBHOOK_URL` that begins with `http://`.',
  NO_PROXY:
    'A host stands for itself and all names below it, with or without a dot in front; `10.0.0.0/8` for a range of addresses; `*` for everything. Each may end with a port.',
  LINQ_LINES:
    'Chats of other lines are still remembered, so that nothing is missing when you add their line. Problems of lines that aren’t listed aren’t reported.',
  PUBLIC_URL:
    'The address alone, without `/webhooks/linq`. With it, the service looks every hour whether Linq has an active subscription that leads here.',
  HOST: 'On `127.0.0.1` only programs of this machine can connect, a proxy among them. In a container, use `0.0.0.0` and publish the port to the proxy alone.',
  TRUST_PROXY:
    '`loopback` for a proxy on the same machine. A number of hops or `true` is refused: with either, anyone could name any address in `X-Forwarded-For` and so escape rate limits.',
  DATABASE_URL:
    'On a local disk: network file systems break SQLite’s locks. A second process on the same file is refused, and so is a file with hard links or mounted by itself: mount its directory. `reactor.db.cli-token`, which opens the service to commands on this machine, is written beside it.',
  STATUS_TOKEN:
    'Make one with `openssl rand -base64 32`. It is sent as `Authorization: Bearer …`, or as the password of HTTP Basic with any user name.',
  SHARE_WINDOW:
    'Elapsed time since Linq acknowledged the last share, not a calendar day. Linq ignores shares within 24 hours, so less is refused unless the API is on this machine.',
  RESHARE_POLICY:
    '`daily` shares again at each lapse while the latest outbound message is younger than RESHARE_IDLE_AFTER. `active` waits for an outbound message since the last share. `once` shares a single time. A fair warning about `daily`: accepting the prompt replaces the name and photo that the recipient had saved for you in their contacts. `once` is good where people keep you under a name of their own, or where a second prompt would be one too many: each chat is asked a single time. A change applies to every chat from the next start on.',
  RESHARE_IDLE_AFTER:
    'It covers the first share too, so installing the reactor on an old account doesn’t greet every old chat.',
  REQUIRE_INBOUND: 'Chats without a reply are held as `awaiting_inbound`.',
  SHARE_CONCURRENCY: 'Raise it when Linq answers slowly and `shares_overdue` is reported.',
  SHARE_RATE_PER_LINE:
    'After an outage, 10,000 overdue chats of one line drain in under 90 minutes at 2 a second.',
  CARD_TTL: 'A card that is missing or inactive is looked at again after 2 minutes at most.',
  CATCH_UP_EVERY:
    'It also runs after the service was away, and when deliveries come too old to be believed. `0` leaves it to `contact-card-reactor catch-up`.',
  DRY_RUN: 'A safe first day. Dry attempts have a window of their own, which ends with the dry run.',
  WEBHOOK_TOLERANCE:
    'Older or newer deliveries are refused, so that nobody can replay what they recorded. Keep the clock in step (NTP) rather than raising this.',
  ACCEPT_LEGACY_SIGNATURES: 'Only for subscriptions so old that Linq signs them in no other way.',
  WEBHOOK_RATE_LIMIT:
    'What is refused for it (429) is sent again by Linq. Failed verifications have a limit of their own, 60 a minute and address.',
  WEBHOOKS_SILENT_AFTER:
    'Only time during which the service was up counts. Raise it if your account is quiet for longer, over a weekend for instance.',
  BACKUP_EVERY: 'Copies are made while the service runs, and checked before they count.',
  BACKUP_DIR: 'Best on another disk, and one directory for each database.',
  ALERT_WEBHOOK_URL:
    'The body has `text`, as chat tools read it, the same as `content` for Discord, and `event`, `code`, `severity`, `since`, `at`, `line`, `message`, `remedy` and `version`. It is repeated until it is taken, so it may come twice. [problems.md](problems.md) explains each `code`.',
  SHOW_NUMBERS:
    'Otherwise they are shown as `+1•••••0100`. People’s numbers are never shown, since they aren’t kept.',
};
