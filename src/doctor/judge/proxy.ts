import { type Finding, fine, found } from '../finding.ts';

/** By what calls leave this machine: the scheme, host and port of a proxy; null: directly. */
export interface Routes {
  readonly linq: string | null;
  /** Undefined: there are no alerts. */
  readonly alerts: string | null | undefined;
  /** Some proxy is named in the settings. */
  readonly isAnyNamed: boolean;
}

/** What asking the proxy for a connection to Linq came to. */
export type SeenProxy =
  | { readonly kind: 'open' }
  /** `httpStatus` null: it didn't answer; then `cause` is the system's code. */
  | { readonly kind: 'failed'; readonly httpStatus: number | null; readonly cause: string };

/** @param seen null: Linq is called without a proxy, so nobody looked */
export function judgeProxy({ linq, alerts, isAnyNamed }: Routes, seen: SeenProxy | null): Finding {
  const details = { linq, alerts: alerts ?? null };
  const toAlerts = alerts === undefined || alerts === linq ? '' : ` Alerts go ${way(alerts)}.`;
  if (linq === null || seen === null) {
    const why = isAnyNamed
      ? ' HTTPS_PROXY isn’t set, NO_PROXY exempts it, or LINQ_API_BASE_URL is on this machine.'
      : '';
    return fine('linq_proxy', `Linq is called directly.${why}${toAlerts}`, details);
  }
  if (seen.kind === 'open')
    return fine('linq_proxy', `Linq is called through ${linq}, which lets calls pass.${toAlerts}`, details);
  const { httpStatus, cause } = seen;
  if (httpStatus === null) {
    return found(
      'linq_proxy_unreachable',
      `The proxy ${linq} of HTTPS_PROXY doesn't answer (${cause}), so Linq can't be called.`,
      'Start the proxy, open the way to it, or correct HTTPS_PROXY. If Linq can be reached without it, put api.linqapp.com into NO_PROXY. Then restart the service.',
      { ...details, cause },
    );
  }
  const isLogin = httpStatus === 407;
  return found(
    'linq_proxy_refuses',
    `The proxy ${linq} of HTTPS_PROXY lets no calls to Linq pass (HTTP ${httpStatus}).`,
    isLogin
      ? 'Put a valid user name and password into HTTPS_PROXY, as http://USER:PASSWORD@HOST:PORT, and restart the service.'
      : 'Let the proxy allow CONNECT to api.linqapp.com:443; its log says why it refuses.',
    { ...details, httpStatus },
  );
}

const way = (proxy: string | null) => (proxy === null ? 'directly' : `through ${proxy}`);
