import { describe, expect, it } from 'vitest';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import { warnOfMisspelt } from '../../../src/config/unread.ts';
import { warningsOf } from './loading.ts';

describe('a variable that isn’t a setting', () => {
  it.each([
    ['LINQ_API_KEEY', 'LINQ_API_KEY'],
    ['LINQ_APIKEY', 'LINQ_API_KEY'],
    ['linq_api_key', 'LINQ_API_KEY'],
    ['LINQ_WEBHOOK_SECRETS', 'LINQ_WEBHOOK_SECRET'],
    ['LINQ_WEBHOOK_SECRET_FIEL', 'LINQ_WEBHOOK_SECRET_FILE'],
    ['LINQ_LINE', 'LINQ_LINES'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['SHARE_WINDOWS', 'SHARE_WINDOW'],
    ['DRYRUN', 'DRY_RUN'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['STATUS_TOKENS', 'STATUS_TOKEN'],
    ['HTTPS_PROXI', 'HTTPS_PROXY'],
  ])('%s: did you mean %s', (name, meant) => {
    expect(warnOfMisspelt([name])).toEqual([`${name} isn’t a setting: did you mean ${meant}?`]);
  });

  it('is told of when it claims to be Linq’s, whatever it may mean', () => {
    expect(warnOfMisspelt(['LINQ_WEBHOOK_SIGNING_KEY', 'linq_token'])).toEqual([
      'LINQ_WEBHOOK_SIGNING_KEY isn’t a setting of this program',
      'linq_token isn’t a setting of this program',
    ]);
  });

  it('is left alone otherwise', () => {
    const usual = ['PATH', 'HOME', 'HOSTNAME', 'LINES', 'COLUMNS', 'LOGNAME', 'NODE_ENV', 'NO_COLOR', 'POST'];
    const proxies = [
      'ftp_proxy',
      'FTP_PROXY',
      'rsync_proxy',
      'all_proxy',
      'GOPROXY',
      'npm_config_https_proxy',
    ];
    expect(
      warnOfMisspelt([...usual, ...proxies, 'LINQ_API_V3_CUSTOM_HEADERS', 'npm_config_loglevel', '']),
    ).toEqual([]);
  });

  it('is told of once, wherever it is set, and never with its value', () => {
    const slip = { LINQ_API_KEEY: 'do-not-tell-this' };
    expect(warningsOf(slip, { envFile: slip })).toEqual([
      'LINQ_API_KEEY isn’t a setting: did you mean LINQ_API_KEY?',
    ]);
  });
});

it('no setting, alias or file of a secret is taken for a slip', () => {
  const names = ALL_SETTINGS.flatMap(({ name, aliases, isSecret }) =>
    [name, ...aliases].flatMap((known) => (isSecret ? [known, `${known}_FILE`] : [known])),
  );
  expect(warnOfMisspelt(names)).toEqual([]);
});
