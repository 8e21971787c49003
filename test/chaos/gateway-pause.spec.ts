import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { spawnGateway, spawnUpstream } from '../support/process.js';
import { until } from '../support/until.js';

const USER = '200 {"id":"alice","name":"Alice Example","servedFor":null}';
const TIMEOUT_MS = 1_000;

it('a pause of the gateway process costs no request, and opens no breaker', { timeout: 60_000 }, async () => {
  const users = await spawnUpstream('users', { latencyMs: 300 });
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams: { users: { url: "${users.url}", timeout: ${TIMEOUT_MS}ms, retry: { attempts: 0 } } }
    routes: [{ id: users, match: { path: /users/** }, upstream: users }]
  `);
  const load = new Load(`${gateway.url}/users/alice`, { clients: 60, pace: 10 });
  const answers = load.fromNow();
  const warmedUp = () => answers.count(USER) > 100;
  await until('the service answers', warmedUp);
  gateway.process.kill('SIGSTOP');
  // The pause itself has to last longer than the timeout.
  await sleep(2 * TIMEOUT_MS);
  gateway.process.kill('SIGCONT');
  const before = answers.total;
  await until('all clients are answered again', () => answers.total > before + 200, 20_000);
  await load.stop();
  expect(answers.answers).toEqual([USER]);
  expect(await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total', {})).toBe(0);
});
