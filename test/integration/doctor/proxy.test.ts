import { expect, it, onTestFinished } from 'vitest';
import { createSystemClock } from '../../../src/clock.ts';
import type { Variables } from '../../../src/config/sources.ts';
import { createReport, readDoctorSettings } from '../../../src/doctor/check.ts';
import { checkLinq } from '../../../src/doctor/check-linq.ts';
import { startConnectProxy } from '../../helpers/connect-proxy.ts';
import { http, startRawServer } from '../linq/raw-server.ts';
import { summary } from './examine.ts';

/** Examines the way to Linq alone, with Linq's own address unless the settings say otherwise. */
async function examineLinq(settings: Variables) {
  const sources = { env: { LINQ_API_KEY: 'a-key', ...settings }, envFile: {}, readFile: () => '' };
  const { report, findings } = createReport({ adviseOnInstallation: () => null });
  await checkLinq(report, { clock: createSystemClock() }, readDoctorSettings(sources));
  return findings;
}

async function startServer() {
  const server = await startRawServer((socket) => socket.write(http(200, '{"phone_numbers":[]}')));
  onTestFinished(server.stop);
  return server;
}

const HELD_BACK = { clock: 'skipped', lines: 'skipped', cards: 'skipped', subscription: 'skipped' };

it('names the proxy that allows calls, and doesn’t blame it for what lies behind', async () => {
  const proxy = await startConnectProxy((await startServer()).port); // which speaks no TLS
  const findings = await examineLinq({ HTTPS_PROXY: proxy.origin });
  expect(summary(findings)).toEqual({ linq_proxy: 'ok', api_key: 'api_unreachable', ...HELD_BACK });
  expect(findings[0]?.message).toContain(`through ${proxy.origin}, which allows them`);
  expect(findings[1]?.remedy).toMatch(/NODE_EXTRA_CA_CERTS.*in \.env it has no effect/);
  expect(findings[1]?.remedy).not.toContain('curl -');
});

it.each([
  [407, /valid user name and password into HTTPS_PROXY/],
  [403, /CONNECT to api\.linqapp\.com:443/],
])(
  'a proxy that answers %d holds everything at Linq back, and its password isn’t told',
  async (status, remedy) => {
    const proxy = await startConnectProxy(9, status);
    const findings = await examineLinq({
      HTTPS_PROXY: proxy.origin.replace('://', '://user:s3cret-word@'),
    });
    expect(summary(findings)).toEqual({ linq_proxy: 'linq_proxy_refuses', api_key: 'skipped', ...HELD_BACK });
    expect(findings[0]?.message).toContain(`in HTTPS_PROXY, ${proxy.origin}`);
    expect(findings[0]?.remedy).toMatch(remedy);
    expect(JSON.stringify(findings)).not.toMatch(/s3cret-word|Basic/);
    expect(proxy.heads).toHaveLength(1);
  },
);

it('a proxy that nobody runs is named as what can’t be reached', async () => {
  const proxy = await startConnectProxy(9);
  await proxy.stop();
  const findings = await examineLinq({ https_proxy: proxy.origin });
  expect(summary(findings)).toMatchObject({ linq_proxy: 'linq_proxy_unreachable', api_key: 'skipped' });
  expect(findings[0]?.message).toContain('ECONNREFUSED');
});

it('this machine is called directly, whatever proxy there is, and that is told', async () => {
  const server = await startServer();
  const proxy = await startConnectProxy(server.port);
  const findings = await examineLinq({
    LINQ_API_BASE_URL: server.origin,
    HTTPS_PROXY: proxy.origin,
    HTTP_PROXY: proxy.origin,
    ALERT_WEBHOOK_URL: 'http://alerts.example.com/x',
  });
  expect(summary(findings)).toMatchObject({ linq_proxy: 'ok', api_key: 'ok' });
  expect(findings[0]?.message).toMatch(/^Linq is called directly\. .* Alerts go through http:\/\/127/);
  expect(proxy.connections()).toBe(0);
});

it('a proxy that is no address keeps the checks back that need one', async () => {
  const findings = await examineLinq({ HTTPS_PROXY: 'socks5://proxy:1080' });
  expect(summary(findings)).toMatchObject({ linq_proxy: 'skipped', api_key: 'skipped' });
  expect(findings[0]?.message).toBe('HTTPS_PROXY is wrong.');
});
