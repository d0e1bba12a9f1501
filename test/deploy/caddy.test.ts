import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { describeDeliveries } from './carries-deliveries.ts';
import { describeGuarding } from './guards-people.ts';
import { inTree } from './program.ts';
import { startCaddy } from './proxy.ts';
import { describeReplicas } from './spreads-requests.ts';

describeDeliveries('Caddy', startCaddy);
describeGuarding('Caddy', startCaddy);
describeReplicas('Caddy', startCaddy, false);

it('the Caddyfile to try things out with listens to this machine alone', () => {
  const file = inTree('deploy/caddy/Caddyfile.local');
  const adapted = execFileSync('caddy', ['adapt', '--adapter', 'caddyfile', '--config', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { admin, apps } = JSON.parse(adapted);
  expect(admin).toEqual({ disabled: true });
  const servers: readonly { listen: readonly string[] }[] = Object.values(apps.http.servers);
  expect(servers.flatMap(({ listen }) => listen)).toEqual(['127.0.0.1:8443']);
});
