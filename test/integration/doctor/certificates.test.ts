import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import {
  AUTHORITY,
  EXPIRED,
  FOR_ANOTHER_HOST,
  FOR_LOCALHOST,
  NOT_YET_VALID,
} from '../../helpers/certificates.ts';
import { CERTIFICATE, KEY } from '../../security/tls-identity.ts';
import { startRoute } from '../webhook/server.ts';
import { examine, summary } from './examine.ts';
import { startFront, startPlain } from './front.ts';

const answer = () => {};

it.each([
  ['for another host', FOR_ANOTHER_HOST, AUTHORITY, 'certificate_wrong_host'],
  ['that has expired', EXPIRED, AUTHORITY, 'certificate_expired'],
  ['that isn’t valid yet', NOT_YET_VALID, AUTHORITY, 'certificate_not_yet_valid'],
  ['of an authority that nobody knows', FOR_LOCALHOST, null, 'certificate_unknown_authority'],
  [
    'of an unknown authority that comes along',
    FOR_LOCALHOST + AUTHORITY,
    null,
    'certificate_unknown_authority',
  ],
])('a certificate %s is named, and nothing is sent', async (_name, certificate, extraCa, code) => {
  const route = await startRoute();
  const { publicUrl, seen } = await startFront(answer, certificate);
  const findings = await examine({ route, publicUrl, extraCa });
  expect(summary(findings)).toMatchObject({
    public_connection: 'ok',
    public_certificate: code,
    round_trip: 'skipped',
  });
  expect(seen).toEqual([]);
});

it('a certificate that signs itself is named', async () => {
  const { publicUrl } = await startFront(answer, CERTIFICATE, KEY);
  expect(summary(await examine({ route: null, publicUrl, extraCa: null }))).toMatchObject({
    public_certificate: 'certificate_self_signed',
  });
});

it('the names of the wrong host are told', async () => {
  const { publicUrl } = await startFront(answer, FOR_ANOTHER_HOST);
  const findings = await examine({ route: null, publicUrl });
  expect(findings.find(({ id }) => id === 'public_certificate')?.message).toContain(
    'other.example.com, not for localhost',
  );
});

it('a server that speaks no TLS is named', async () => {
  const port = await startPlain((_request, response) => response.end());
  const findings = await examine({ route: null, publicUrl: `https://localhost:${port}` });
  expect(summary(findings)).toMatchObject({ public_certificate: 'tls_failed', round_trip: 'skipped' });
});

/** A port that was free a moment ago. */
async function findSilentPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, 'localhost', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('a port where nobody listens is named', async () => {
  const publicUrl = `https://localhost:${await findSilentPort()}`;
  const findings = await examine({ route: null, publicUrl, serviceUrl: 'http://127.0.0.1:9' });
  expect(summary(findings)).toMatchObject({
    public_name: 'ok',
    public_connection: 'connection_refused',
    public_certificate: 'skipped',
    round_trip: 'skipped',
  });
});

it('an address that is the service itself is no fault of a proxy while the service doesn’t run', async () => {
  const port = await findSilentPort();
  const at = { publicUrl: `http://localhost:${port}`, serviceUrl: `http://127.0.0.1:${port}` };
  const findings = await examine({ route: null, ...at });
  expect(summary(findings)).toMatchObject({
    public_name: 'ok',
    public_connection: 'skipped',
    round_trip: 'skipped',
  });
  expect(findings.find(({ id }) => id === 'public_connection')?.message).toContain('Start it');
});

it('a name that stands for nothing is named', async () => {
  const findings = await examine({ route: null, publicUrl: 'https://nowhere.invalid' });
  expect(summary(findings)).toMatchObject({ public_name: 'name_unknown', public_connection: 'skipped' });
});
