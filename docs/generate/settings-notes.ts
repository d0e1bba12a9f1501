/** What one line can't say, by the setting's name. */
export const SETTING_NOTES: Readonly<Record<string, string>> = {
  LINQ_API_KEY:
    'A Linq key can read and write everything in the account; there are no read-only keys. Keep the settings file at mode 0600, or put the key in a file of its own and set `LINQ_API_KEY_FILE` to its path.',
  LINQ_WEBHOOK_SECRET:
    'Linq shows the secret once, when the subscription is created; `contact-card-reactor setup` saves it. To rotate it, create a second subscription, list its secret before the old one, and restart. Then delete the old subscription, and a day later its secret. Deliveries in quarantine can be read only with the secret that verified them.',
  LINQ_API_BASE_URL:
    'Plain `http` is allowed only for an address on this machine, since every call carries the key. `contact-card-reactor simulate` prints the address of a simulated Linq.',
  HTTPS_PROXY:
    'Read as curl reads it: the lower-case name takes precedence over the upper-case one, and the environment over `.env`. Without a scheme it is `http://`; without a port, 80 or 443. Percent-encode special characters in the user name and password (`@` as `%40`). `config show` shows only host and port. Certificates are checked as without a proxy. If the proxy intercepts TLS, set `NODE_EXTRA_CA_CERTS` in the environment to its authority’s certificate; Node.js doesn’t read that from `.env`. Addresses on this machine are always called directly. `ALL_PROXY` and SOCKS aren’t supported.',
  HTTP_PROXY:
    'Unlike in curl, the upper-case name counts too. Linq is never called over http through a proxy, so this matters only for an `ALERT_WEBHOOK_URL` that begins with `http://`.',
  NO_PROXY:
    'A host matches itself and its subdomains, with or without a leading dot; `10.0.0.0/8` matches a range of addresses; `*` matches everything. Each may end with a port.',
  LINQ_LINES:
    'Facts about chats on other lines are still recorded, so nothing is missing when you add their line. Problems of lines that aren’t listed aren’t reported.',
  PUBLIC_URL:
    'Only the address, without `/webhooks/linq`. If it is set, the service checks every hour that Linq has an active subscription that points here.',
  HOST: 'On `127.0.0.1` only programs on this machine can connect, such as a proxy. In a container, use `0.0.0.0`, and publish the port to the proxy only.',
  TRUST_PROXY:
    'Use `loopback` for a proxy on the same machine. A number of hops or `true` is refused: with either, anyone could put any address into `X-Forwarded-For` and escape rate limits.',
  DATABASE_URL:
    'Use a local disk: network file systems break SQLite’s locks. A second process on the same file is refused. So is a file with hard links, or one mounted as a single file: mount its directory. The token of the command line on this machine, `reactor.db.cli-token`, is written beside it.',
  STATUS_TOKEN:
    'Make one with `openssl rand -base64 32`. Send it as `Authorization: Bearer …`, or as the password of HTTP Basic with any user name.',
  SHARE_WINDOW:
    'Elapsed time since Linq acknowledged the last share, not a calendar day. Linq ignores shares within 24 hours, so less is refused unless the API is on this machine.',
  RESHARE_POLICY:
    '`daily` shares again whenever a window ends, while the latest outbound message is younger than `RESHARE_IDLE_AFTER`. `active` waits for an outbound message since the last share. `once` shares only once. Be careful with `daily`: accepting the prompt replaces the name and photo that the recipient had saved for you in their contacts. Choose `once` if people save you under a name of their own choosing, or if you never want to ask anyone twice. A change applies to every chat from the next start.',
  RESHARE_IDLE_AFTER:
    'This covers the first share too, so installing the service on an old account doesn’t greet every old chat.',
  RESHARE_ON_CARD_CHANGE:
    'A change is a `contact_card.updated` event, or another name or picture found when the line’s card is checked. Changes less than two minutes apart count as one. Then each chat that had the card before may have it once more, at the line’s pace: also under `once`, past `MAX_SHARES_PER_CHAT`, and under `active` without a new message. It still waits for the end of its window, and chats that are held, opted out or without a message for `RESHARE_IDLE_AFTER` stay so; an idle chat gets the changed card after its next outbound message. A new chat’s first share waits its turn behind those that are due already: at 2 a second, 1,000 chats take under 9 minutes. Changes made while this is `false` never count. Setting it to `false` stops a re-share that is under way; setting it to `true` again resumes it. `GET /status` and `line list` show how far it is. While this is `true`, a digest of the card is stored, and nothing else of it.',
  REQUIRE_INBOUND: 'Chats without a reply are held as `awaiting_inbound`.',
  SHARE_CONCURRENCY: 'Raise it when Linq answers slowly and `shares_overdue` is reported.',
  SHARE_RATE_PER_LINE:
    'After an outage, at 2 a second, 10,000 overdue chats on one line drain in under 90 minutes.',
  CARD_TTL: 'A missing or inactive card is rechecked after 2 minutes at most.',
  CATCH_UP_EVERY:
    'The service also catches up after downtime, and when deliveries arrive too old to be accepted. With `0`, it does so only on `contact-card-reactor catch-up`.',
  DRY_RUN:
    'A safe way to start. Dry-run attempts have their own window, which counts only during the dry run.',
  WEBHOOK_TOLERANCE:
    'Older or newer deliveries are refused, so that no one can replay a recorded delivery. Synchronise the clock (NTP) rather than raising this.',
  ACCEPT_LEGACY_SIGNATURES: 'Only for subscriptions so old that Linq signs their deliveries in no other way.',
  WEBHOOK_RATE_LIMIT:
    'Linq redelivers what is refused for this reason (429). Failed verifications have their own limit: 60 a minute per address.',
  WEBHOOKS_SILENT_AFTER:
    'Only time while the service was up counts. Raise it if your account is quiet for longer, for instance over a weekend.',
  BACKUP_EVERY: 'Each backup is checked before it counts. `contact-card-reactor backup` makes one by hand.',
  BACKUP_DIR: 'Use one directory per database.',
  ALERT_WEBHOOK_URL:
    'The body has `text`, which chat tools read, the same text as `content` for Discord, and `event`, `code`, `severity`, `since`, `at`, `line`, `message`, `remedy` and `version`. It is repeated until it is accepted, so it may arrive twice. [problems.md](problems.md) explains each `code`.',
  SHOW_NUMBERS:
    'Otherwise they are shown as `+1•••••0100`, with a few more digits where two would look alike. People’s numbers are never shown, because they aren’t stored.',
};
